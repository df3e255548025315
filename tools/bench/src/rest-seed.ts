import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import path from "node:path";
import { databaseServices, paths } from "@muster/local";
import { createConnection } from "mariadb";

const MATCHES = 20_000;
const PLAYERS = 400;

export function migrateAll(env: Readonly<Record<string, string | undefined>>): void {
  for (const { name } of databaseServices()) {
    const cwd = path.join(paths.root, "services", name);
    const run = spawnSync(paths.node, ["src/migrate.ts"], { cwd, env: env as NodeJS.ProcessEnv, encoding: "utf8" });
    if (run.status !== 0) throw new Error(`the migration of ${name} failed:\n${run.stderr}`);
  }
}

/** A registered player with a long history among many others. */
export async function seedHistory(edgeUrl: string, matchUrl: string): Promise<{ playerId: string; token: string }> {
  const register = (name: string): Promise<Response> =>
    fetch(`${edgeUrl}/v1/auth/register`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name, password: "correct horse battery" }),
    });
  // Who logs in again and again ends the older sessions: not the one whose history is read.
  await register("logger-in");
  const response = await register("bencher");
  const { player, tokens } = (await response.json()) as {
    player: { playerId: string };
    tokens: { accessToken: string };
  };
  const { hostname, port, username, password, pathname } = new URL(matchUrl);
  const db = await createConnection({
    host: hostname,
    port: Number(port),
    user: username,
    password,
    database: pathname.slice(1),
    timezone: "Z",
  });
  const others = Array.from({ length: PLAYERS }, () => randomUUID());
  const matches: unknown[][] = [];
  const participants: unknown[][] = [];
  for (let i = 0; i < MATCHES; i++) {
    const [id, at] = [randomUUID(), new Date(Date.UTC(2026, 0, 1) + i * 60_000)];
    matches.push([id, at, at]);
    const pair = [i % 20 === 0 ? player.playerId : others[i % PLAYERS], others[(i * 7 + 1) % PLAYERS]];
    for (const [seat, playerId] of pair.entries())
      participants.push([id, seat, playerId, `player ${seat}`, at, seat, 2 - seat]);
  }
  await db.batch(
    "insert into matches (id, mode, game_id, build_id, seed, epoch, shard_id, state, created_at, ended_at, end_reason, cancel_reason, ticks, state_hash) values (?, 'duel', 'duel', 'b', 1, 1, '01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e', 'ended', ?, ?, 'played', null, 900, '0a0b0c0d')",
    matches,
  );
  await db.batch("insert ignore into participants values (?, ?, ?, ?, ?, ?, ?)", participants);
  await db.query("analyze table matches, participants");
  await db.end();
  return { playerId: player.playerId, token: tokens.accessToken };
}
