// What an overloaded process refuses, and what its callers do then; and that a call's criticality travels with it.
import type { DescService } from "@bufbuild/protobuf";
import { anyMethods } from "@muster/resilience/testing";
import { ChatService } from "@muster/contracts/chat/v2";
import { DeliveryService } from "@muster/contracts/delivery/v2";
import { IdentityService } from "@muster/contracts/identity/v2";
import { MatchService } from "@muster/contracts/match/v2";
import { MatchmakingService } from "@muster/contracts/matchmaking/v2";
import { RatingService } from "@muster/contracts/rating/v2";
import { ReplayService } from "@muster/contracts/replay/v2";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { connect } from "node:http2";
import { commonError } from "@muster/errors";
import { createLogger } from "@muster/log";
import {
  createMetrics,
  CRITICALITIES,
  type Criticality,
  currentCriticality,
  LoadShedder,
  withCriticality,
} from "@muster/runtime";
import type { ConnectRouter } from "@connectrpc/connect";
import { afterEach, expect, it } from "vitest";
import { createRpcClient, type RpcClient, type RpcClientOptions } from "./client.ts";
import { createRpcServer } from "./server.ts";

const SERVICES = [
  ChatService,
  DeliveryService,
  IdentityService,
  MatchService,
  MatchmakingService,
  RatingService,
  ReplayService,
] as const;
const PLAYER = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e";

const stops: (() => Promise<unknown> | undefined)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

async function serve(routes: (router: ConnectRouter) => void, refuses?: (of: Criticality) => boolean): Promise<string> {
  const shedder = refuses && new LoadShedder({ guard: { refuses }, min: 10, max: 10, now: () => performance.now() });
  const server = createRpcServer({
    host: "127.0.0.1",
    port: 0,
    log: createLogger("test", "silent"),
    metrics: createMetrics("test"),
    routes,
    ...(shedder && { shedder }),
  });
  await server.start?.();
  stops.push(() => server.stop?.());
  return server.url;
}

function clientOf<S extends DescService>(
  service: S,
  baseUrl: string,
  more: Partial<RpcClientOptions<S>> = {},
): RpcClient<S> {
  const client = createRpcClient({ service, baseUrl, dependency: anyMethods(3000), ...more });
  stops.push(() => client.stop?.());
  return client;
}

it("the criticality of what is being served travels with every call, over any number of processes", async () => {
  const seen: (Criticality | undefined)[] = [];
  const last = await serve((router) =>
    router.service(IdentityService, { getProfile: async () => (seen.push(currentCriticality()), {}) as never }),
  );
  const between = clientOf(IdentityService, last);
  const first = await serve((router) =>
    router.service(IdentityService, { getProfile: (request) => between.call.getProfile(request) }),
  );
  const { call } = clientOf(IdentityService, first);
  for (const criticality of CRITICALITIES)
    await withCriticality(criticality, () => call.getProfile({ playerId: PLAYER }));
  await call.getProfile({ playerId: PLAYER });
  const results = clientOf(IdentityService, first, { dependency: anyMethods(3000, { criticality: "critical-plus" }) });
  await results.call.getProfile({ playerId: PLAYER });
  await withCriticality("sheddable", () => results.call.getProfile({ playerId: PLAYER }));
  expect(seen).toEqual([...CRITICALITIES, "critical", "critical-plus", "sheddable"]);
});

it("every unary method of every contract can be refused, before its request is even looked at, and no stream", async () => {
  const folder = new URL("../../../contracts/services", import.meta.url);
  const contracts = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(SERVICES.map(({ typeName }) => typeName.split(".")[0])).toEqual(contracts.map(({ name }) => name).toSorted());
  const url = await serve(
    (router) => {
      for (const service of SERVICES)
        router.service(
          service as DescService,
          Object.fromEntries(
            service.methods.map(({ localName, methodKind }) => [
              localName,
              // oxlint-disable-next-line require-yield
              methodKind === "unary" ? () => expect.unreachable() : async function* () {},
            ]),
          ) as never,
        );
    },
    () => true,
  );
  const outcomes: Record<string, number> = {};
  for (const service of SERVICES) {
    const { call } = clientOf(service as DescService, url);
    for (const { localName, methodKind } of service.methods) {
      const method = (call as Record<string, unknown>)[localName] as (request: unknown) => unknown;
      const outcome =
        methodKind === "unary"
          ? await withCriticality("sheddable", () => method({}) as Promise<unknown>).then(
              () => "answered",
              ({ code, details }: { code: string; details: { retryAfterS: number } }) =>
                `${code} ${details.retryAfterS}`,
            )
          : await Array.fromAsync(method((async function* () {})()) as AsyncIterable<unknown>).then(() => "streamed");
      const key = `${methodKind === "unary" ? "unary" : "stream"}: ${outcome}`;
      outcomes[key] = (outcomes[key] ?? 0) + 1;
    }
  }
  expect(outcomes).toEqual({
    "unary: overloaded 10": expect.any(Number) as number,
    "stream: streamed": expect.any(Number) as number,
  });
});

it("a refused call is sent again when the callee said when, whatever it does, and is counted", async () => {
  let refusals = 0;
  let served = 0;
  const url = await serve(
    (router) => router.service(IdentityService, { banPlayer: async () => (served++, {}) as never }),
    () => ++refusals <= 2,
  );
  const metrics = createMetrics("test");
  const { call } = clientOf(IdentityService, url, { metrics });
  const beganAt = performance.now();
  await call.banPlayer({ actorId: PLAYER, playerId: PLAYER, reason: "a" }); // not one that may be repeated otherwise
  expect(served).toBe(1);
  expect(performance.now() - beganAt).toBeGreaterThan(2 * 60);
  expect(await metrics.metrics()).toMatch(/rpc_client_repeats_total\{.*outcome="sent again".*\} 2/);
});

it.each(["sheddable-plus", "sheddable"] as const)(
  "a refused %s call is not sent again: nobody said when",
  async (of) => {
    let refusals = 0;
    const url = await serve(
      (router) => router.service(IdentityService, { getProfile: async () => ({}) as never }),
      () => (refusals++, true),
    );
    const { call } = clientOf(IdentityService, url);
    const refused = withCriticality(of, () => call.getProfile({ playerId: PLAYER }));
    await expect(refused).rejects.toMatchObject({ code: "overloaded", row: { grpc: "unavailable", retryable: true } });
    expect(refusals).toBe(1);
  },
);

it("a call whose callee could not ask another one is not sent again: only the layer above an overload repeats", async () => {
  let served = 0;
  const url = await serve((router) =>
    router.service(IdentityService, {
      getProfile: () => {
        served++;
        throw commonError("overloaded", { details: { retryAfterS: 7 } });
      },
    }),
  );
  const { call } = clientOf(IdentityService, url);
  await expect(call.getProfile({ playerId: PLAYER })).rejects.toMatchObject({ details: { retryAfterS: 7 } });
  expect(served).toBe(1);
});

it("a caller of a release before is refused with a code that it knows", async () => {
  const url = await serve(
    (router) => router.service(IdentityService, { getProfile: async () => ({}) as never }),
    () => true,
  );
  const session = connect(url);
  stops.push(async () => session.destroy());
  const headers = { ":method": "POST", ":path": "/identity.v2.IdentityService/GetProfile", te: "trailers" };
  const [answer] = (await once(session.request({ ...headers, "content-type": "application/grpc" }), "response")) as [
    Record<string, unknown>,
  ];
  expect(answer).toMatchObject({ "grpc-status": "14", "muster-error-code": "unavailable" });
});

it("refused calls are sent again for a tenth of all calls, and no more", async () => {
  let refusals = 0;
  const url = await serve(
    (router) => router.service(IdentityService, { getProfile: async () => ({}) as never }),
    () => (refusals++, true),
  );
  const { call } = clientOf(IdentityService, url);
  const calls = 400;
  for (let i = 0; i < calls / 100; i++)
    await Promise.allSettled(Array.from({ length: 100 }, () => call.getProfile({ playerId: PLAYER })));
  expect(refusals - calls).toBeGreaterThan(90);
  expect(refusals - calls).toBeLessThanOrEqual(100 + calls / 10);
});

it("the limit holds: as many calls are in flight as it says, and the others are refused", async () => {
  const { promise: go, resolve } = Promise.withResolvers<void>();
  const url = await serve(
    (router) => router.service(IdentityService, { getProfile: async () => (await go, {}) as never }),
    () => false,
  );
  const { call } = clientOf(IdentityService, url);
  const outcomes = Promise.allSettled(
    Array.from({ length: 30 }, () => withCriticality("sheddable", () => call.getProfile({ playerId: PLAYER }))),
  );
  setTimeout(resolve, 200);
  expect((await outcomes).filter(({ status }) => status === "fulfilled")).toHaveLength(5);
  await withCriticality("sheddable", () => call.getProfile({ playerId: PLAYER })); // and nothing is left behind
});
