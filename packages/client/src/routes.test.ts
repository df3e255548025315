// Everything that a player can ask by REST, the SDK asks: compared with the contract, route by route.
import { readFileSync } from "node:fs";
import path from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { parse } from "yaml";
import { CALLS, ID, TOKENS } from "../test/calls.ts";
import { MusterClient } from "./client.ts";

interface Operation {
  readonly operationId?: string;
  readonly tags?: readonly string[];
}

/** And why the SDK does not ask it. */
const NOT_ASKED: Readonly<Record<string, string>> = {
  getInstallation: "for people with a browser",
  getJwks: "for those who verify tokens",
  getGame: "for clients in other languages: here the game is a module",
  muteEverywhere: "for moderators",
  unmuteEverywhere: "for moderators",
};

/** The same call, about another player or the own one. */
const MORE: readonly ((client: MusterClient) => Promise<unknown>)[] = [
  (client) => client.history({ playerId: ID }),
  ({ replays }) => replays.list({ playerId: ID }),
  ({ ratings }) => ratings.of(),
  ({ ratings }) => ratings.rank("duel", { playerId: ID }),
  ({ ratings }) => ratings.history("duel", { playerId: ID }),
];

const CONTRACT = path.resolve(import.meta.dirname, "../../../contracts/openapi/edge.v1.yaml");
const { paths } = parse(readFileSync(CONTRACT, "utf8")) as { paths: Record<string, Record<string, Operation>> };
const routes = Object.entries(paths).flatMap(([route, operations]) =>
  Object.entries(operations)
    .filter(([, { operationId }]) => operationId !== undefined)
    .map(([method, { operationId = "", tags }]) => ({ method: method.toUpperCase(), route, operationId, tags })),
);

afterEach(() => vi.unstubAllGlobals());

/** Those with fewer parameters first: /v1/matches/live is not /v1/matches/{matchId}. */
function operationOf(method: string, pathname: string): string | undefined {
  return routes
    .filter((one) => one.method === method)
    .toSorted((a, b) => a.route.split("{").length - b.route.split("{").length)
    .find(({ route }) => new RegExp(`^${route.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(pathname))?.operationId;
}

it("asks every route of a player, and no route that is not in the contract", async () => {
  const asked = new Set<string>();
  vi.stubGlobal("fetch", async (url: string, { method }: { method: string }) => {
    const { pathname } = new URL(url);
    asked.add(operationOf(method, pathname) ?? `${method} ${pathname} is not in the contract`);
    return new Response(null, { status: 404 });
  });
  for (const call of [...Object.values(CALLS), ...MORE])
    await call(new MusterClient({ url: "http://localhost", tokens: TOKENS })).catch(() => undefined);
  const forPlayers = routes.filter(({ operationId, tags }) => !tags?.includes("admin") && !(operationId in NOT_ASKED));
  expect([...asked].toSorted()).toEqual(forPlayers.map(({ operationId }) => operationId).toSorted());
});
