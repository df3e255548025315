import { once } from "node:events";
// Over a real h2c socket: what travels with a call, and what comes back from one that fails.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { ChatService, type DeliverRequestSchema } from "@muster/contracts/chat/v2";
import { IdentityService } from "@muster/contracts/identity/v2";
import { AppError } from "@muster/errors";
import { createLogger } from "@muster/log";
import { anyMethods } from "@muster/resilience/testing";
import { createMetrics, currentBudget, remainingBudgetMs, withBudget } from "@muster/runtime";
import { currentTrace, newTrace, withTrace } from "@muster/tracing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRpcClient, type RpcClient } from "./client.ts";
import { MessageQueue } from "./message-queue.ts";
import { createRpcServer, type RpcServer } from "./server.ts";

const PLAYER = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e";

describe("a call", () => {
  let server: RpcServer;
  let client: RpcClient<typeof IdentityService>;
  let handle: () => Promise<unknown>;
  beforeAll(async () => {
    server = createRpcServer({
      host: "127.0.0.1",
      port: 0,
      log: createLogger("test", "silent"),
      metrics: createMetrics("test"),
      routes: (router) => router.service(IdentityService, { getProfile: async () => (await handle()) as never }),
    });
    await server.start?.();
    client = createRpcClient({ service: IdentityService, baseUrl: server.url, dependency: anyMethods(5000) });
  });
  afterAll(async () => {
    await client.stop?.();
    await server.stop?.();
  });

  it("carries the trace: the same id, another span", async () => {
    const trace = newTrace();
    let seen: ReturnType<typeof currentTrace>;
    handle = async () => ((seen = currentTrace()), {});
    await withTrace(trace, () => client.call.getProfile({ playerId: PLAYER }));
    expect(seen?.traceId).toBe(trace.traceId);
    expect(seen?.spanId).not.toBe(trace.spanId);
  });

  it("carries the deadline: the callee has no more time than its caller", async () => {
    let leftMs = 0;
    handle = async () => ((leftMs = remainingBudgetMs(60_000)), {});
    await withBudget({ deadlineAt: performance.now() + 300, signal: new AbortController().signal }, () =>
      client.call.getProfile({ playerId: PLAYER }),
    );
    expect(leftMs).toBeGreaterThan(100);
    expect(leftMs).toBeLessThanOrEqual(300);
  });

  it("ends at the deadline, on both sides", async () => {
    let aborted = false;
    handle = async () => {
      await once(currentBudget()?.signal as AbortSignal, "abort");
      aborted = true;
      return {};
    };
    const call = withBudget({ deadlineAt: performance.now() + 100, signal: new AbortController().signal }, () =>
      client.call.getProfile({ playerId: PLAYER }),
    );
    await expect(call).rejects.toMatchObject({ code: "deadline_exceeded" });
    await expect.poll(() => aborted).toBe(true);
  });

  it("is not even sent when no time is left", async () => {
    let called = false;
    handle = async () => ((called = true), {});
    const call = withBudget({ deadlineAt: performance.now() - 1, signal: new AbortController().signal }, () =>
      client.call.getProfile({ playerId: PLAYER }),
    );
    await expect(call).rejects.toMatchObject({ code: "deadline_exceeded" });
    expect(called).toBe(false);
  });

  it("brings back a refusal with its code and details", async () => {
    handle = () =>
      Promise.reject(
        new AppError(
          "player_not_found",
          { grpc: "not_found", retryable: false, message: "No." },
          { details: { where: "hier, é" } },
        ),
      );
    await expect(client.call.getProfile({ playerId: PLAYER })).rejects.toMatchObject({
      code: "player_not_found",
      message: "No.",
      details: { where: "hier, é" },
    });
  });

  it("tells nothing of an unexpected failure but that it was one", async () => {
    handle = () => Promise.reject(new Error("the password is hunter2"));
    await expect(client.call.getProfile({ playerId: PLAYER })).rejects.toMatchObject({
      code: "internal",
      message: expect.not.stringContaining("hunter2") as string,
    });
  });

  it("is refused by the contract's rules before the handler sees it", async () => {
    await expect(client.call.getProfile({ playerId: "not a uuid" })).rejects.toMatchObject({ code: "invalid_request" });
  });

  it("fails fast as unavailable when nobody listens, and works again when somebody does", async () => {
    const other = createRpcClient({
      service: IdentityService,
      baseUrl: "http://127.0.0.1:1",
      dependency: anyMethods(1000),
    });
    const at = performance.now();
    await expect(other.call.getProfile({ playerId: PLAYER })).rejects.toMatchObject({
      code: "unavailable",
      row: { retryable: true },
    });
    expect(performance.now() - at).toBeLessThan(900);
    await other.stop?.();
  });
});

it("logs what is polled as a matter of routine at debug, and what becomes of it otherwise as of any call", async () => {
  const written: { level: string; rpc?: string }[] = [];
  const sink = { write: (line: string) => void written.push(JSON.parse(line) as (typeof written)[number]) };
  let refused = false;
  const server = createRpcServer({
    host: "127.0.0.1",
    port: 0,
    log: createLogger("test", "debug", sink),
    metrics: createMetrics("test"),
    quietMethods: [IdentityService.method.getTrust],
    routes: (router) =>
      router.service(IdentityService, {
        getTrust: () => {
          if (refused) throw new AppError("no", { grpc: "not_found", retryable: false, message: "No." });
          return {};
        },
        getProfile: () => ({}),
      }),
  });
  await server.start?.();
  const client = createRpcClient({ service: IdentityService, baseUrl: server.url, dependency: anyMethods(5000) });
  await client.call.getTrust({});
  await client.call.getProfile({ playerId: PLAYER });
  refused = true;
  await client.call.getTrust({}).catch(() => undefined);
  await client.stop?.();
  await server.stop?.();
  const levels = written
    .filter(({ rpc }) => rpc !== undefined)
    .map(({ rpc, level }) => `${rpc?.split("/")[1]}: ${level}`);
  expect(levels).toEqual(["GetTrust: debug", "GetProfile: info", "GetTrust: info"]);
});

it("a connection that grows old is followed by another, and no call is lost; a stream on it goes on", async () => {
  let opened = 0;
  const server = createRpcServer({
    host: "127.0.0.1",
    port: 0,
    log: createLogger("test", "silent"),
    metrics: createMetrics("test"),
    connectionAgeMs: 300,
    routes: (router) => {
      router.service(IdentityService, { getProfile: async () => ({}) as never });
      router.service(ChatService, {
        async *deliver(requests) {
          opened++;
          for await (const _request of requests) yield {} as never;
        },
      });
    },
  });
  await server.start?.();
  const calls = createRpcClient({ service: IdentityService, baseUrl: server.url, dependency: anyMethods(5000) });
  const streams = createRpcClient({ service: ChatService, baseUrl: server.url, dependency: anyMethods(5000) });
  const requests = new MessageQueue<MessageInitShape<typeof DeliverRequestSchema>>(10);
  const answers = streams.call.deliver(requests)[Symbol.asyncIterator]();
  for (let i = 0; i < 10; i++) {
    requests.push({ message: { case: "detach", value: { playerId: PLAYER } } });
    expect((await answers.next()).done).toBe(false);
    const until = performance.now() + 100;
    while (performance.now() < until) await calls.call.getProfile({ playerId: PLAYER });
  }
  expect(opened).toBe(1);
  requests.close();
  expect((await answers.next()).done).toBe(true);
  await calls.stop?.();
  await streams.stop?.();
  await server.stop?.();
});

describe("a message queue", () => {
  it("gives what was pushed in order and ends when closed", async () => {
    const queue = new MessageQueue<number>(10);
    queue.push(1);
    setImmediate(() => {
      queue.push(2);
      queue.close();
      expect(queue.push(3)).toBe(false);
    });
    expect(await Array.fromAsync(queue)).toEqual([1, 2]);
  });

  it("closes itself when nobody reads", () => {
    const queue = new MessageQueue<number>(2);
    expect([queue.push(1), queue.push(2), queue.push(3), queue.closed]).toEqual([true, true, false, true]);
  });
});
