import { expect, it } from "vitest";
import { retryDelayMs } from "./waiting.ts";

it.each([
  [1, 0, 50],
  [1, 1, 100],
  [2, 0.5, 150],
  [3, 1, 400],
  [6, 1, 3200],
  [7, 1, 5000],
  [7, 0, 2500],
  [2000, 1, 5000],
])("after %i failures, and by the random number %d, another try waits %i ms", (failures, random, delayMs) => {
  expect(retryDelayMs(failures, { firstMs: 100, maxMs: 5000 }, () => random)).toBe(delayMs);
});
