// What edge-api refuses when there is too much to do, and that nobody outside chooses how critical a request is.
import { CRITICALITIES, type Criticality, currentCriticality, LoadShedder } from "@muster/runtime";
import { afterAll, describe, expect, it } from "vitest";
import { restServer } from "../test/rest-server.ts";
import { sampleOf } from "../test/samples.ts";
import type { Shedders } from "./admission.ts";
import { readContract } from "./contract.ts";
import { NEEDS, ROUTES } from "./criticality.ts";
import { Downloads } from "./downloads.ts";
import { LiveMatches } from "./live-matches.ts";

const PLAYER = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e";
const ORIGIN = "https://game.example";
const contract = readContract();

/** As its clients are asked. */
const asked: { service: string; as: Criticality | undefined }[] = [];
const clientsOf = (service: string): unknown =>
  new Proxy({}, { get: () => async () => (asked.push({ service, as: currentCriticality() }), {}) });
const SERVICES = ["identity", "match", "chat", "matchmaking", "rating", "replay"];

function serverWith(refuses: (of: Criticality, need: string) => boolean): ReturnType<typeof restServer> {
  const shedders = Object.fromEntries(
    [...NEEDS, "none"].map((need) => [
      need,
      new LoadShedder({ guard: { refuses: (of) => refuses(of, need) }, min: 10, max: 10, now: () => 0 }),
    ]),
  ) as unknown as Shedders;
  const server = restServer(PLAYER, {
    contract,
    shedders,
    corsOrigins: [ORIGIN],
    clients: {
      ...Object.fromEntries(SERVICES.map((name) => [name, clientsOf(name)])),
      delivery: { "rating-service": clientsOf("delivery") },
      systemHealth: async () => ({ status: "ok", processes: {}, instances: {} }),
      names: { of: async () => new Map() },
      downloads: new Downloads(),
      liveMatches: new LiveMatches({
        read: async () => (asked.push({ service: "match", as: currentCriticality() }), {}) as never,
        told: () => [],
        readWithinMs: 1000,
      }),
    } as never,
  });
  afterAll(() => server.close());
  return server;
}

const full = serverWith(() => true);
const calm = serverWith(() => false);

function send(server: typeof full, operationId: string, headers: Record<string, string> = {}) {
  const operation = contract.operations.get(operationId);
  if (!operation) throw new Error(`no ${operationId}`);
  const { url, body } = sampleOf(operation, { service: "rating-service" });
  return server.inject({
    method: operation.method as "GET",
    url,
    headers: { authorization: "Bearer aaaa", ...headers },
    ...(body && { payload: body }),
  });
}

it("every route of the contract has its criticality, and there are no others", () => {
  expect(Object.keys(ROUTES).toSorted()).toEqual([...contract.operations.keys()].toSorted());
});

describe.each(Object.entries(ROUTES))("%s", (operationId, { criticality }) => {
  it("is refused before anything else, with the envelope and a time to come back, for pages of other origins too", async () => {
    asked.length = 0;
    const answer = await send(full, operationId, { origin: ORIGIN, authorization: "" });
    expect(answer.statusCode, answer.body).toBe(503);
    expect(answer.json().error).toMatchObject({
      code: "overloaded",
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
    });
    expect(Number(answer.headers["retry-after"])).toBeGreaterThanOrEqual(1);
    expect(answer.headers["access-control-allow-origin"]).toBe(ORIGIN);
    expect(asked).toEqual([]);
  });

  it("asks every service with the criticality of the table, whatever the request says", async () => {
    asked.length = 0;
    for (const claimed of ["critical-plus", "sheddable"])
      await send(calm, operationId, { "muster-criticality": claimed });
    expect(asked.filter(({ as }) => as !== criticality)).toEqual([]);
    if (operationId !== "getInstallation") expect(asked.length).toBeGreaterThan(0);
  });
});

it("health, the contract and preflights are never refused", async () => {
  const health = await full.inject({ url: "/system/healthz" });
  const yaml = await full.inject({ url: "/v1/openapi.yaml" });
  const headers = { origin: ORIGIN, "access-control-request-method": "POST" };
  const preflight = await full.inject({ method: "OPTIONS", url: "/v1/auth/login", headers });
  expect([health.statusCode, yaml.statusCode, preflight.statusCode]).toEqual([200, 200, 204]);
});

it("a service that is slow costs what needs it, and nothing else", async () => {
  const server = serverWith((_of, need) => need === "identity");
  const refused: string[] = [];
  for (const operationId of Object.keys(ROUTES))
    if ((await send(server, operationId)).statusCode === 503) refused.push(operationId);
  expect(refused).toEqual(Object.keys(ROUTES).filter((id) => ROUTES[id as never]["needs"] === "identity"));
});

it("of one service's routes the less critical are refused first", async () => {
  const counts = new Map<Criticality, number>();
  for (const from of CRITICALITIES) {
    const least = CRITICALITIES.indexOf(from);
    const server = serverWith((of) => CRITICALITIES.indexOf(of) >= least);
    let refused = 0;
    for (const id of Object.keys(ROUTES)) if ((await send(server, id)).statusCode === 503) refused++;
    counts.set(from, refused);
  }
  const numbers = [...counts.values()];
  expect(numbers).toEqual(numbers.toSorted((a, b) => b - a));
  expect(numbers.at(-1)).toBeGreaterThan(10);
});
