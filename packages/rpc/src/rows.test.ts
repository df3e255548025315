// All methods that the dependency table lets a process call: what is left of a deadline goes with the call, nothing is begun too late, and
// nothing can be called without a row.
import { createServer, type Http2Server, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { ChatService } from "@muster/contracts/chat/v2";
import { DeliveryService } from "@muster/contracts/delivery/v2";
import { IdentityService } from "@muster/contracts/identity/v2";
import { MatchService } from "@muster/contracts/match/v2";
import { MatchmakingService } from "@muster/contracts/matchmaking/v2";
import { RatingService } from "@muster/contracts/rating/v2";
import { ReplayService } from "@muster/contracts/replay/v2";
import { createLogger } from "@muster/log";
import {
  DEPENDENCIES,
  type Dependencies,
  type Dependency,
  isNone,
  methodClassOf,
  rowOf,
  tuned,
} from "@muster/resilience";
import { anyMethods } from "@muster/resilience/testing";
import { createMetrics, withBudget } from "@muster/runtime";
import { afterEach, describe, expect, it } from "vitest";
import { createRpcClient, type RpcClient } from "./client.ts";
import { parseGrpcTimeout } from "./grpc-timeout.ts";

const CONTRACTS: Readonly<Record<string, DescService>> = {
  "identity-service": IdentityService,
  "match-service": MatchService,
  "match-service/watchdog": MatchService,
  matchmaker: MatchmakingService,
  "chat-service": ChatService,
  "rating-service": RatingService,
  "replay-service": ReplayService,
  "identity-service/delivery": DeliveryService,
  "match-service/delivery": DeliveryService,
  "rating-service/delivery": DeliveryService,
  "replay-service/delivery": DeliveryService,
};
/** Beside the floor of the row: for the call to get to the server. */
const BUDGET_MS = 400;

const groups = Object.entries(DEPENDENCIES).flatMap(([caller, callees]) =>
  Object.entries(callees as Readonly<Record<string, Dependencies>>)
    .filter(([, rows]) => Object.values(rows).some(({ kind }) => kind.startsWith("grpc")))
    .map(([callee, rows]) => ({ name: `${caller} → ${callee}`, callee, rows })),
);

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

interface Seen {
  readonly path: string;
  readonly timeoutMs: number | undefined;
}

/** Notes what comes, and answers it as told: by default not at all. */
async function serve(answer: (stream: ServerHttp2Stream) => void = () => undefined): Promise<[string, Seen[]]> {
  const seen: Seen[] = [];
  const server: Http2Server = createServer();
  const sessions = new Set<{ destroy(): void }>();
  server.on("session", (session) => void sessions.add(session));
  server.on("sessionError", () => undefined);
  server.on("stream", (stream, headers) => {
    stream.on("error", () => undefined);
    const timeout = headers["grpc-timeout"];
    seen.push({ path: String(headers[":path"]), timeoutMs: parseGrpcTimeout(timeout ? String(timeout) : null) });
    answer(stream);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ends.push(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return [`http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen];
}

function clientOf(service: DescService, baseUrl: string, dependency: Dependencies): RpcClient<DescService> {
  const client = createRpcClient({ service, baseUrl, dependency });
  ends.push(() => client.stop?.());
  return client;
}

type Call = (request: object, options?: object) => Promise<unknown>;

function callOf(client: RpcClient<DescService>, method: DescMethod): Call {
  return (client.call as unknown as Readonly<Record<string, Call>>)[method.localName] as Call;
}

const within = <T>(ms: number, fn: () => T): T =>
  withBudget({ deadlineAt: performance.now() + ms, signal: new AbortController().signal }, fn);

const codeOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => "answered",
    (err: { code?: unknown }) => err.code,
  );

const callableOf = ({ callee, rows }: (typeof groups)[number]): { method: DescMethod; row: Dependency }[] =>
  (CONTRACTS[callee] as DescService).methods.flatMap((method) => {
    const row = method.methodKind === "unary" ? rowOf(rows, method) : undefined;
    return row ? [{ method, row }] : [];
  });

it("what is left of the deadline goes with every method of every row, and its try's limit when that is less", async () => {
  await Promise.all(
    groups.map(async (group) => {
      const [url, seen] = await serve();
      const rows = tuned(group.rows, () => ({ bulkhead: Infinity }));
      const client = clientOf(CONTRACTS[group.callee] as DescService, url, rows);
      await Promise.all(
        callableOf(group).map(async ({ method, row }) => {
          const call = (): Promise<unknown> => callOf(client, method)({});
          const where = `${group.name}: ${method.name}`;
          expect(await codeOf(within(row.floorMs + BUDGET_MS, call)), where).toBe("deadline_exceeded");
          const first = seen.find(({ path }) => path === `/${method.parent.typeName}/${method.name}`);
          expect(first?.timeoutMs, where).toBeGreaterThan(0);
          expect(first?.timeoutMs, where).toBeLessThanOrEqual(Math.min(row.tryMs, row.floorMs + BUDGET_MS));
        }),
      );
    }),
  );
});

describe.each(groups)("$name", (group) => {
  const { callee, rows } = group;
  const service = CONTRACTS[callee] as DescService;
  const callable = callableOf(group);

  it("begins nothing with less time than the floor", async () => {
    const [url, seen] = await serve();
    const client = clientOf(service, url, rows);
    for (const { method, row } of callable)
      expect(await codeOf(within(row.floorMs - 1, () => callOf(client, method)({})))).toBe("deadline_exceeded");
    expect(seen).toEqual([]);
  });

  it("calls no method without a row, and has no row without a method", async () => {
    const client = clientOf(service, "http://127.0.0.1:1", rows);
    for (const method of service.methods.filter((one) => rowOf(rows, one) === undefined))
      expect(() => callOf(client, method)({}), method.name).toThrow("the dependency table has no row");
    for (const [methodClass, row] of Object.entries(rows)) {
      const names = service.methods.map(({ name }) => name);
      expect(names, methodClass).toEqual(expect.arrayContaining([...(row.methods ?? [])]));
      expect(
        service.methods.some((method) => rowOf(rows, method) === row),
        methodClass,
      ).toBe(true);
    }
  });

  it("says that exactly those may be repeated whose contract allows it", () => {
    for (const { method, row } of callable)
      expect(row.idempotent, method.name).toBe(methodClassOf(method) !== "writes");
  });
});

const getProfile = IdentityService.method.getProfile;
const register = IdentityService.method.register;
const figures = (more: Parameters<typeof anyMethods>[1]): Dependencies => anyMethods(2000, more);

it("refuses at once what is beyond the bulkhead, and tells when to come back", async () => {
  const [url, seen] = await serve();
  const client = clientOf(IdentityService, url, figures({ bulkhead: 3, attempts: 1, totalMs: 600 }));
  const calls = [1, 2, 3, 4, 5].map(() => callOf(client, getProfile)({}));
  const startedAt = performance.now();
  for (const refused of calls.slice(3))
    await expect(refused).rejects.toMatchObject({ code: "unavailable", details: { retryAfterS: 1 } });
  expect(performance.now() - startedAt).toBeLessThan(300);
  expect(await Promise.all(calls.slice(0, 3).map(codeOf))).toEqual(Array(3).fill("deadline_exceeded"));
  expect(seen).toHaveLength(3);
  expect(await codeOf(callOf(client, getProfile)({}))).toBe("deadline_exceeded"); // there is room again
});

it("tries again what took too long, where that is safe: another instance may answer", async () => {
  let nth = 0;
  const [url] = await serve((stream) => {
    if (++nth === 1) return;
    stream.respond({ ":status": 200, "content-type": "application/grpc+proto" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.end(Buffer.alloc(5));
  });
  const row = (idempotent: boolean): Dependencies => figures({ tryMs: 150, totalMs: 1000, attempts: 3, idempotent });
  expect(await codeOf(callOf(clientOf(IdentityService, url, row(true)), getProfile)({}))).toBe("answered");
  expect(nth).toBe(2);
  nth = 0;
  const once = clientOf(IdentityService, url, { writes: row(false)["writes"] as Dependency });
  expect(await codeOf(callOf(once, register)({}))).toBe("deadline_exceeded");
  expect(nth).toBe(1);
});

it("sends little more than there is to a callee that is too slow for everything", async () => {
  const [url, seen] = await serve();
  const row = figures({ tryMs: 20, totalMs: 400, attempts: 3 });
  const client = clientOf(IdentityService, url, row);
  const CALLS = 200;
  for (let i = 0; i < CALLS; i += 20)
    await Promise.all(Array.from({ length: 20 }, () => codeOf(callOf(client, getProfile)({}))));
  expect(seen.length).toBeGreaterThan(CALLS); // some are
  // Ten at once, and then a tenth.
  expect(seen.length).toBeLessThanOrEqual(CALLS * 1.1 + 10);
});

it("has a circuit breaker for each row, which opens alone, is a metric and is logged", async () => {
  const [url, seen] = await serve();
  const metrics = createMetrics("test");
  const lines: string[] = [];
  const log = createLogger("test", "info", { write: (line: string) => void lines.push(line) } as never);
  const breaker = { volume: 5, failedPercent: 50, windowMs: 10_000, openMs: 150 };
  const dependency = figures({ tryMs: 50, totalMs: 50, attempts: 1, breaker });
  const client = createRpcClient({ service: IdentityService, baseUrl: url, dependency, metrics, log });
  ends.push(() => client.stop?.());
  const state = async (methods: string): Promise<string | undefined> =>
    new RegExp(`^circuit_breaker_state\\{[^}]*methods="${methods}"[^}]*\\} (\\d)$`, "m").exec(
      await metrics.metrics(),
    )?.[1];
  const read = callOf(client as unknown as RpcClient<DescService>, getProfile);
  for (let i = 0; i < 6; i++) await codeOf(read({}));
  expect(await state("reads")).toBe("2");
  expect(await state("writes")).toBe("0");
  const asked = seen.length;
  await expect(read({})).rejects.toMatchObject({ code: "unavailable", details: { retryAfterS: 1 } });
  expect(seen).toHaveLength(asked);
  await codeOf(callOf(client as unknown as RpcClient<DescService>, register)({}));
  expect(seen).toHaveLength(asked + 1);
  await expect.poll(() => state("reads")).toBe("1");
  expect(lines.join("")).toMatch(/"dependency":"test → test: reads","state":"open"/);
});

it("every unary row has a circuit breaker that needs many calls to judge, and at most three attempts", () => {
  for (const row of groups.flatMap(({ rows }) => Object.values(rows)).filter(({ kind }) => kind === "grpc unary")) {
    expect(row.attempts).toBeLessThanOrEqual(3);
    expect(isNone(row.breaker) ? 0 : row.breaker.volume).toBeGreaterThanOrEqual(20);
  }
});
