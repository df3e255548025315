// What our patch of KafkaJS (patches/) is for. A connection with nothing to do sets no timer: each had one with a negative delay, which
// Node makes 1 ms and warns of, and which set the next one, 3 to 5 % of a core in every process with four clients. A consumer does not
// give up while its broker is away. And closing a connection that is gone leaves no listener behind.
import { createRequire } from "node:module";
import { Socket } from "node:net";
import { afterEach, expect, it, vi } from "vitest";

interface RequestQueue {
  readonly inflight: Map<number, unknown>;
  push(request: unknown): void;
  checkPendingRequests(): void;
  maybeThrottle(ms: number): void;
  destroy(): void;
}

const require = createRequire(import.meta.url);
const Queue = require("kafkajs/src/network/requestQueue") as new (options: object) => RequestQueue;

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

interface Runner {
  start(): Promise<void>;
  stop(): Promise<void>;
}

it("a consumer whose last broker is away tries again as the same member, and asks for the brokers first", async () => {
  const { KafkaJSConnectionError, KafkaJSNumberOfRetriesExceeded } = require("kafkajs/src/errors");
  const RunnerClass = require("kafkajs/src/consumer/runner") as new (options: object) => Runner;
  const log = { namespace: () => log, debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  let nodeIds: string[] = ["1"];
  let fetches = 0;
  let stopped: Promise<void> | undefined;
  const onCrash = vi.fn();
  const consumerGroup = {
    connect: async () => undefined,
    joinAndSync: vi.fn(async () => undefined),
    getNodeIds: () => nodeIds,
    cluster: {
      refreshMetadata: vi.fn(async () => {
        nodeIds = ["1"];
      }),
    },
    heartbeat: async () => undefined,
    leave: async () => undefined,
    fetch: async () => {
      fetches += 1;
      if (fetches < 3) {
        nodeIds = []; // as when its connection has closed
        const refused = new KafkaJSConnectionError("connect ECONNREFUSED", { broker: "test" });
        throw new KafkaJSNumberOfRetriesExceeded(refused, { retryCount: 3, retryTime: 1 });
      }
      stopped ??= runner.stop();
      await new Promise((resolve) => setTimeout(resolve, 5)); // as long as a fetch takes
      return [];
    },
  };
  const runner = new RunnerClass({
    logger: log,
    consumerGroup,
    instrumentationEmitter: { emit: () => undefined },
    concurrency: 1,
    heartbeatInterval: 1000,
    onCrash,
    retry: { retries: 5, initialRetryTime: 1, maxRetryTime: 2 },
  });
  await runner.start();
  await vi.waitFor(() => expect(fetches === 3 || onCrash.mock.calls.length > 0).toBe(true));
  await stopped;
  expect(onCrash).not.toHaveBeenCalled();
  expect(consumerGroup.joinAndSync).toHaveBeenCalledTimes(1);
  expect(consumerGroup.cluster.refreshMetadata).toHaveBeenCalledTimes(2);
});

it("a connection that is gone may be closed again and again", async () => {
  const Connection = require("kafkajs/src/network/connection") as new (
    options: object,
  ) => {
    socket: Socket;
    disconnect(): Promise<void>;
  };
  const log = { namespace: () => log, debug: () => undefined };
  const connection = new Connection({ host: "127.0.0.1", port: 1, logger: log, socketFactory: () => undefined });
  connection.socket = new Socket().destroy();
  for (let i = 0; i < 12; i += 1) await connection.disconnect();
  expect(connection.socket.listenerCount("connect")).toBe(0);
});
