import { expect, it } from "vitest";
import { Authors } from "./authors.ts";

it("lets an author's posts come one after the other, and others' beside them", async () => {
  const authors = new Authors(8, () => 0);
  let [running, most] = [0, 0];
  const work = async (): Promise<void> => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
  };
  await Promise.all(Array.from({ length: 5 }, () => authors.run("ann", work)));
  expect(most).toBe(1);
  await Promise.all([authors.run("ann", work), authors.run("bob", work)]);
  expect(most).toBe(2);
});

it("goes on after a post that failed, and is full at its limit only", async () => {
  const authors = new Authors(2, () => 0);
  const failed = authors.run("ann", () => Promise.reject(new Error("no")));
  expect(authors.isFull("ann")).toBe(false);
  const second = authors.run("ann", async () => "yes");
  expect(authors.isFull("ann")).toBe(true);
  expect(authors.isFull("bob")).toBe(false);
  await expect(failed).rejects.toThrow("no");
  await expect(second).resolves.toBe("yes");
  expect(authors.isFull("ann")).toBe(false);
});

it("refuses from memory who was refused, until the time has come", () => {
  let nowMs = 0;
  const authors = new Authors(8, () => nowMs);
  authors.refused("ann", 1500);
  expect(authors.retryAfterMs("ann")).toBe(1500);
  expect(authors.retryAfterMs("bob")).toBe(0);
  nowMs = 1500;
  expect(authors.retryAfterMs("ann")).toBe(0);
});

it("remembers a bounded number of them", () => {
  const authors = new Authors(8, () => 0);
  for (let i = 0; i <= 10_000; i++) authors.refused(`p${i}`, 1000);
  expect(authors.retryAfterMs("p0")).toBe(0);
  expect(authors.retryAfterMs("p1")).toBe(1000);
});
