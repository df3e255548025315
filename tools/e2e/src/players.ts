// Players as tests need them.
import { randomBytes } from "node:crypto";
import {
  type FoundMatch,
  MusterClient,
  type Player,
  type PlayingMatch,
  Realtime,
  type RealtimeOptions,
} from "@muster/client";
import { createDatabase } from "@muster/db";
import { duel, duelBot } from "@muster/game-duel";
import { anyDatabase } from "@muster/resilience/testing";
import type { System } from "./system.ts";

export type DuelMatch = PlayingMatch<typeof duel.state, typeof duel.input>;

export interface TestPlayer {
  readonly client: MusterClient;
  readonly player: Player;
  readonly realtime: Realtime;
}

export function randomName(): string {
  return `p-${randomBytes(6).toString("hex")}`;
}

/** A guest: no password to hash. */
export async function guest(url: string): Promise<{ client: MusterClient; player: Player }> {
  const client = new MusterClient({ url });
  const player = await client.logInGuest(randomBytes(16).toString("hex"));
  return { client, player };
}

/** As the operator's command does it, in the database: access tokens stay valid. */
export async function makeAdmin(
  system: System,
  playerId: string,
  role: "admin" | "moderator" = "admin",
): Promise<void> {
  const database = createDatabase<{ accounts: { id: string; role: string } }>({
    url: system.databaseUrls["identity-service"] as string,
    dependency: anyDatabase(1, { waitMs: 5000, statementMs: 5000 }),
  });
  await database.db.updateTable("accounts").set({ role }).where("id", "=", playerId).execute();
  await database.stop();
}

/** A guest with a realtime connection, through the ingress or straight to a gateway. */
export async function connected(
  system: System,
  options: RealtimeOptions & { gateway?: number } = {},
): Promise<TestPlayer> {
  const { client, player } = await guest(system.url);
  if (options.gateway === undefined) return { client, player, realtime: await client.connect(options) };
  const realtime = new Realtime(system.gatewayUrls[options.gateway] as string, () => client.accessToken(), options);
  await realtime.ready();
  return { client, player, realtime };
}

/** Two players, matched with each other. Use one mode per test that runs at the same time. */
export async function matched(
  system: System,
  mode = "duel-quick",
  gateways: [number?, number?] = [],
): Promise<{ players: [TestPlayer, TestPlayer]; found: [FoundMatch, FoundMatch] }> {
  const [a, b] = await Promise.all(
    gateways.length === 2
      ? [connected(system, at(gateways[0])), connected(system, at(gateways[1]))]
      : [connected(system), connected(system)],
  );
  const found = await Promise.all([a.realtime.queue(mode), b.realtime.queue(mode)]);
  return { players: [a, b], found };
}

export async function playing(
  system: System,
  mode = "duel-quick",
  gateways: [number?, number?] = [],
): Promise<{ players: [TestPlayer, TestPlayer]; matches: [DuelMatch, DuelMatch]; found: [FoundMatch, FoundMatch] }> {
  const { players, found } = await matched(system, mode, gateways);
  const matches = await Promise.all([
    players[0].realtime.join(found[0], duel),
    players[1].realtime.join(found[1], duel),
  ]);
  return { players, found, matches };
}

/** Sends what the bot wants after every snapshot. */
export function pilot(match: DuelMatch): void {
  match.onSnapshot(({ state }) => void match.send(duelBot(state, match.seat)));
}

function at(gateway: number | undefined): { gateway: number } | Record<string, never> {
  return gateway === undefined ? {} : { gateway };
}
