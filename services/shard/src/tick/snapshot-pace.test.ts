import { describe, expect, it } from "vitest";
import { MATCHES_MIN, SnapshotPace, TICKS_PER_SNAPSHOT_MAX } from "./snapshot-pace.ts";

/** Four phases of thirty ticks a second. */
const BEGINNINGS_PER_S = 120;

function paceAt(matches: number | (() => number) = MATCHES_MIN): {
  pace: SnapshotPace;
  changes: number[];
  second(lateMs: (i: number) => number): void;
} {
  let now = 0;
  const changes: number[] = [];
  const pace = new SnapshotPace({
    now: () => now,
    matches: typeof matches === "number" ? () => matches : matches,
    onChange: (ticks) => changes.push(ticks),
  });
  return {
    pace,
    changes,
    second(lateMs) {
      for (let i = 1; i <= BEGINNINGS_PER_S; i++) {
        now += 1000 / BEGINNINGS_PER_S;
        pace.began(lateMs(i));
      }
    },
  };
}

describe("the pace of snapshots", () => {
  it("is one a tick while ticks begin in time, and after one long pause", () => {
    const { pace, second } = paceAt();
    for (let s = 0; s < 10; s++) second((i) => (s === 5 && i <= 12 ? 300 : 1));
    expect(pace.ticksPerSnapshot).toBe(1);
  });

  it("falls step by step while ticks begin late, no further than its limit", () => {
    const { pace, changes, second } = paceAt();
    for (let s = 0; s < 10; s++) second(() => 40);
    expect(changes).toEqual([2, 3]);
    expect(pace.ticksPerSnapshot).toBe(TICKS_PER_SNAPSHOT_MAX);
  });

  it("stays where few matches are held, however late their ticks begin", () => {
    const { pace, second } = paceAt(MATCHES_MIN - 1);
    for (let s = 0; s < 10; s++) second(() => 40);
    expect(pace.ticksPerSnapshot).toBe(1);
  });

  it("is one a tick again when few matches are left, although they are a little late", () => {
    let matches = MATCHES_MIN * 2;
    const { pace, second } = paceAt(() => matches);
    for (let s = 0; s < 10; s++) second(() => 40);
    expect(pace.ticksPerSnapshot).toBe(TICKS_PER_SNAPSHOT_MAX);
    matches = 3;
    for (let s = 0; s < 5; s++) second(() => 6);
    expect(pace.ticksPerSnapshot).toBe(1);
  });

  it("rises a step after five calm seconds, and not while it is only a little late", () => {
    const { changes, second } = paceAt();
    for (let s = 0; s < 3; s++) second(() => 40);
    for (let s = 0; s < 20; s++) second(() => 8);
    expect(changes).toEqual([2, 3]);
    for (let s = 0; s < 12; s++) second(() => 1);
    expect(changes).toEqual([2, 3, 2, 1]);
  });
});
