import { describe, expect, it } from "vitest";
import { Heartbeat } from "./heartbeat.ts";

describe("a heartbeat", () => {
  it("suspects a shard after the time without an answer, once, and takes it for dead after eight seconds", () => {
    const heartbeat = new Heartbeat(300);
    const due = Array.from({ length: 161 }, () => heartbeat.next(false));
    expect(due.slice(0, 7)).toEqual(["due", "due", "due", "due", "due", "suspected", "due"]);
    expect(due.filter((one) => one === "suspected")).toHaveLength(1);
    expect(due.indexOf("dead")).toBe(160);
  });

  it("clears the suspicion of a shard that is heard again, and counts anew", () => {
    const heartbeat = new Heartbeat(150);
    for (let i = 0; i < 3; i++) heartbeat.next(false);
    expect([heartbeat.suspected, heartbeat.onHeard(), heartbeat.suspected]).toEqual([true, true, false]);
    expect(heartbeat.onHeard()).toBe(false);
    expect([1, 2, 3, 4].map(() => heartbeat.next(false))).toEqual(["none", "due", "due", "suspected"]);
  });

  it("is sent once a second to a shard that is heard, and holds nothing against one that is not connected yet", () => {
    const heartbeat = new Heartbeat(150);
    const heard = Array.from({ length: 40 }, () => (heartbeat.onHeard(), heartbeat.next(false)));
    expect(heard.flatMap((due, i) => (due === "due" ? [i] : []))).toEqual([19, 39]);
    heartbeat.next(true);
    expect(Array.from({ length: 30 }, () => heartbeat.next(true)).every((due) => due === "due")).toBe(true);
    expect(heartbeat.suspected).toBe(false);
  });
});
