import { expect, it } from "vitest";
import { timeSlice } from "./time-slice.ts";

it("a slice is over within a few choices of its time", () => {
  let now = 1000;
  const mayGoOn = timeSlice(() => now, 5);
  let choices = 0;
  for (; mayGoOn(); choices++) now += 0.5;
  expect(choices).toBeGreaterThanOrEqual(9);
  expect(choices).toBeLessThan(20);
});
