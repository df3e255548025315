import { MusterError } from "@muster/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { patiently } from "./patiently.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const limited = (retryAfterS?: number): MusterError =>
  new MusterError("chat_rate_limited", "wait", { status: 429, ...(retryAfterS && { details: { retryAfterS } }) });

it("a call that came too early is made again when the server says, or after a second", async () => {
  const work = vi.fn<() => Promise<string>>().mockRejectedValueOnce(limited(3)).mockRejectedValueOnce(limited());
  const result = patiently(work.mockResolvedValue("read"));
  await vi.advanceTimersByTimeAsync(2999);
  expect(work).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(work).toHaveBeenCalledTimes(2);
  await vi.advanceTimersByTimeAsync(1000);
  expect(await result).toBe("read");
});

it("anything else fails at once, and a limit that does not end fails too", async () => {
  const refused = new MusterError("not_allowed", "no", { status: 403 });
  await expect(patiently(() => Promise.reject(refused))).rejects.toBe(refused);
  const work = vi.fn(() => Promise.reject(limited(600)));
  const failed = expect(patiently(work)).rejects.toMatchObject({ status: 429 });
  await vi.advanceTimersByTimeAsync(100_000);
  await failed;
  expect(work).toHaveBeenCalledTimes(10);
});
