// One service's failure costs exactly the routes that depend on it: each GET route of the contract is asked while each service is away.
import { readFileSync } from "node:fs";
import { describeWithServers, until } from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse } from "yaml";
import { type Operator, operators } from "./operators.ts";
import { type ServiceName, startSystem, type System } from "./system.ts";

/** The one service that knows the answer, by the first pattern that fits: "" is edge-api itself. A new route has to fit one. */
const KNOWS: readonly (readonly [RegExp, ServiceName | ""])[] = [
  [/^\/$/, ""],
  [/^\/v1\/admin\/(moderation-log|rooms|players\/\{playerId\}\/mutes)$/, "chat"],
  [/^\/v1\/admin\/queues/, "matchmaker"],
  [/^\/v1\/admin\/matches$/, "match"],
  [/^\/v1\/admin\/suspect-matches$/, "replay"],
  [/^\/v1\/admin\/consumers\//, "rating"], // whose dead letters they are, here
  [/^\/v1\/admin\/(audit-log|signing-keys|players|reports)/, "identity"],
  [/^\/v1\/admin\/(system|events)$/, "identity"], // they show what is away, to who may see it
  [/replay(s|\/file)?$/, "replay"],
  [/^\/v1\/(seasons|leaderboards)|\/ratings/, "rating"],
  [/\/matches($|\/)/, "match"],
  [/^\/v1\/chat\//, "chat"],
  [/^\/v1\/(modes|games)/, "matchmaker"],
  [/^\/v1\/(me|me\/devices|players|players\/\{playerId\})$|jwks/, "identity"],
];

/** What it needs beside that: who may use an admin's route is asked each time, so that a role that was taken is gone at once. */
function needsOf(route: string): Set<string> {
  const [, owner] = KNOWS.find(([pattern]) => pattern.test(route)) ?? [];
  if (owner === undefined) throw new Error(`${route} fits none of the patterns`);
  return new Set([owner, ...(route.startsWith("/v1/admin/") ? ["identity"] : [])]);
}

const CONTRACT = parse(
  readFileSync(new URL(import.meta.resolve("@muster/contracts/openapi/edge.v1.yaml")), "utf8"),
) as { paths: Record<string, { get?: unknown }> };
const ROUTES = Object.keys(CONTRACT.paths).filter((route) => CONTRACT.paths[route]?.get);
/** As long as edge-api shows a page of live matches that it has. */
const LIVE_CACHE_MS = 1000;
const CALLED: readonly ServiceName[] = ["identity", "match", "rating", "replay", "chat", "matchmaker"];
/** Asked for what no installation of a test has: an answer of the service that would know. */
const NOTHING = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e";

describeWithServers("a route", () => {
  let system: System;
  let admin: Operator;
  beforeAll(async () => {
    system = await startSystem({ nginx: false });
    ({ admin } = await operators(system));
    await admin.client.accessToken();
  });
  afterAll(async () => await system[Symbol.asyncDispose]());

  const urlOf = (route: string): string => {
    const values: Record<string, string> = {
      playerId: admin.playerId,
      mode: "duel",
      gameId: "duel",
      consumer: "rating-service",
      offset: "0",
    };
    const filled = route.replace(/\{(\w+)\}/g, (_all, name: string) => values[name] ?? NOTHING);
    return filled + (route === "/v1/players" ? "?name=nobody" : "");
  };
  const statuses = async (): Promise<Map<string, number>> => {
    const asked = ROUTES.map(async (route) => [route, (await admin.ask("GET", urlOf(route))).status] as const);
    return new Map(await Promise.all(asked));
  };

  /** Once the one that was away before is back: breakers look for it only now and then. */
  const healthy = async (): Promise<Map<string, number>> => {
    let before = new Map<string, number>();
    await until(async () => {
      before = await statuses();
      const failing = [...before].filter(([, status]) => status >= 500);
      return failing.length === 0 ? undefined : `still failing: ${failing.join("; ")}`;
    }, 20_000);
    return before;
  };

  it.each(CALLED)(
    "has its answer while %s is away, unless that is where it is kept",
    async (name) => {
      const before = await healthy();
      await system.stop(name);
      await new Promise((resolve) => setTimeout(resolve, LIVE_CACHE_MS));
      const away = await statuses();
      await system.start(name);
      const lost = ROUTES.filter((route) => away.get(route) !== before.get(route));
      expect(lost).toEqual(ROUTES.filter((route) => needsOf(route).has(name)));
      for (const route of lost) expect([503, 504], route).toContain(away.get(route));
    },
    60_000,
  );
});
