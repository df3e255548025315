import { createLogger } from "@muster/log";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createRetention } from "./retention.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("deletes in batches until nothing is left, then again after a while; a stop ends it between two batches", async () => {
  const left = [2300, 10];
  const batches: string[] = [];
  const rule = (index: number) => async (rowsMax: number) => {
    const rows = Math.min(rowsMax, left[index] as number);
    left[index] = (left[index] as number) - rows;
    batches.push(`${index}: ${rows}`);
    return rows;
  };
  const retention = createRetention([rule(0), rule(1)], createLogger("test", "silent"));
  await retention.start?.();
  await vi.advanceTimersByTimeAsync(1000);
  expect(batches.splice(0)).toEqual(["0: 1000", "0: 1000", "0: 300", "1: 10"]);
  left[0] = Number.MAX_SAFE_INTEGER;
  await vi.advanceTimersByTimeAsync(600_000);
  expect(batches.splice(0).length).toBeGreaterThan(1);
  const stopped = retention.stop?.();
  await vi.advanceTimersByTimeAsync(10_000);
  await stopped;
  expect(batches).toEqual([]);
});
