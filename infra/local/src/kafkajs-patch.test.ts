// What our patch of KafkaJS (patches/) is for: a connection with nothing to do sets no timer. Without the patch each had one with a negative
// delay, which Node makes 1 ms and warns of, and which set the next one: 3 to 5 % of a core in every process with four clients.
import { createRequire } from "node:module";
import { afterEach, expect, it, vi } from "vitest";

interface RequestQueue {
  readonly inflight: Map<number, unknown>;
  push(request: unknown): void;
  checkPendingRequests(): void;
  maybeThrottle(ms: number): void;
  destroy(): void;
}

const Queue = createRequire(import.meta.url)("kafkajs/src/network/requestQueue") as new (
  options: object,
) => RequestQueue;

const logger = { namespace: () => logger, debug: () => undefined };
const queueOf = (maxInFlightRequests: number): RequestQueue =>
  new Queue({ maxInFlightRequests, requestTimeout: 1000, clientId: "test", broker: "test", logger });
const request = (correlationId: number): object => ({
  entry: {
    correlationId,
    apiKey: 0,
    apiName: "test",
    apiVersion: 0,
    resolve: () => undefined,
    reject: () => undefined,
  },
  expectResponse: true,
  sendRequest: () => undefined,
});

afterEach(() => vi.restoreAllMocks());

it("a queue in which nothing waits sets no timer", () => {
  const timers = vi.spyOn(globalThis, "setTimeout");
  queueOf(1).checkPendingRequests();
  expect(timers).not.toHaveBeenCalled();
});

it.each([
  ["too much is in flight", (queue: RequestQueue) => queue.push(request(1))],
  ["the broker throttles", (queue: RequestQueue) => queue.maybeThrottle(60_000)],
])("a request that waits because %s is looked at again", (_why, makeWait) => {
  const timers = vi.spyOn(globalThis, "setTimeout");
  const queue = queueOf(1);
  makeWait(queue);
  queue.push(request(2));
  queue.destroy();
  expect(timers.mock.calls.map(([, delay]) => (delay ?? 0) > 0)).toEqual([true]);
});
