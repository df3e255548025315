// What a player is told of the connection.
import { FakeConnection } from "../../test/tab.ts";
import type { PlayingMatch } from "@muster/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { LinkQuality } from "./link-quality.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] }));
afterEach(() => void vi.useRealTimers());

function measured(tickRate = 20) {
  const connection = new FakeConnection();
  const match = { tickRate, framesApplied: 0, framesSkipped: 0 };
  const told: number[] = [];
  const ping = vi.spyOn(connection, "ping");
  const quality = new LinkQuality(connection.asRealtime, match as unknown as PlayingMatch, (ms) => void told.push(ms));
  return { connection, match, quality, ping, told };
}
const second = (): Promise<unknown> => vi.advanceTimersByTimeAsync(1000);

it("tells the median of the last ten round trips, and passes each on", async () => {
  const { quality, ping, told } = measured();
  expect(quality.latencyMs.value).toBeUndefined();
  for (const ms of [900, 800, 30, 10, 20]) {
    ping.mockResolvedValueOnce(ms);
    await second();
  }
  expect([quality.latencyMs.value, told]).toEqual([30, [900, 800, 30, 10, 20]]);
  for (const [ms, times, median] of [
    [900, 10, 900],
    [5, 6, 5],
  ] as const) {
    ping.mockResolvedValue(ms);
    for (let i = 0; i < times; i++) await second();
    expect(quality.latencyMs.value).toBe(median);
  }
  quality.stop();
});

it("asks one ping after the other, and goes on after one without an answer", async () => {
  const { quality, ping } = measured();
  const hanging = Promise.withResolvers<number>();
  ping.mockReturnValueOnce(hanging.promise);
  for (let i = 0; i < 3; i++) await second();
  expect(ping).toHaveBeenCalledTimes(1);
  hanging.reject(new Error("closed"));
  await second();
  await second();
  expect(ping).toHaveBeenCalledTimes(3);
  quality.stop();
  await second();
  expect(ping).toHaveBeenCalledTimes(3);
});

it("tells the share of skipped frames", async () => {
  const { quality, match } = measured();
  await second();
  expect(quality.loss.value).toBe(0);
  Object.assign(match, { framesApplied: 30, framesSkipped: 10 });
  await second();
  expect(quality.loss.value).toBe(0.25);
  quality.stop();
});

it("is lost while the connection is, and when no frame comes for longer than a second", async () => {
  const { quality, match, connection } = measured();
  match.framesApplied++;
  await second();
  expect(quality.lost.value).toBe(false);
  connection.tell("reconnecting");
  expect(quality.lost.value).toBe(true);
  match.framesApplied++;
  await second();
  expect(quality.lost.value).toBe(true);
  connection.tell("connected");
  expect(quality.lost.value).toBe(false);
  await second();
  await second();
  expect(quality.lost.value).toBe(true);
  match.framesApplied++;
  await second();
  expect(quality.lost.value).toBe(false);
  quality.stop();
  connection.tell("reconnecting");
  expect(quality.lost.value).toBe(false);
});

it("is not lost in a game without a clock, in which nothing comes until somebody moves", async () => {
  const { quality } = measured(0);
  for (let i = 0; i < 5; i++) await second();
  expect(quality.lost.value).toBe(false);
  quality.stop();
});
