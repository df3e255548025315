// A database that is stopped or killed: every REST operation is answered within its deadline, 503 with Retry-After where it
// needs the database, what does not need it goes on, and everything is back by itself when the database is.
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { MusterClient } from "@muster/client";
import { createDatabase } from "@muster/db";
import { readContract } from "@muster/edge-api/testing";
import { freePort, type MariadbServer, provision, startMariadb } from "@muster/local";
import { anyDatabase } from "@muster/resilience/testing";
import { describeWithServers, until } from "@muster/testkit";
import fc from "fast-check";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, it } from "vitest";
import { guest, playing } from "./players.ts";
import { allowed, type Schema } from "./schema-arbitrary.ts";
import { startSystem, type System } from "./system.ts";

/** Operations that are answered without the database, or refused before it. */
const NEEDS_NONE = ["getInstallation", "listModes", "getGame"];
const DEADLINE_MS = { read: 3000, write: 4000 };
const AT_ONCE = 10;
/** On a busy machine. */
const SLACK_MS = 1500;

const operations = [...readContract().operations.values()];

describeWithServers("a database that is away", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "muster-away-"));
  let port: number;
  let mariadb: MariadbServer;
  let system: System;
  let client: MusterClient;
  const startDatabase = (): Promise<MariadbServer> =>
    startMariadb({ dataDir: path.join(folder, "data"), port, durable: false });

  beforeAll(async () => {
    port = await freePort();
    mariadb = await startDatabase();
    const databaseUrls = await provision({
      adminUrl: mariadb.adminUrl,
      suffix: "away",
      passwordOf: (user) => `away-${user}`,
    });
    system = await startSystem({
      nginx: false,
      databaseUrls,
      env: {
        EDGE_READ_DEADLINE_MS: String(DEADLINE_MS.read),
        EDGE_WRITE_DEADLINE_MS: String(DEADLINE_MS.write),
        SHARD_GRACE_MS: "60000",
      },
    });
    ({ client } = await guest(system.url));
  }, 60_000);
  afterAll(async () => {
    mariadb.child.kill("SIGCONT");
    await system[Symbol.asyncDispose]();
    await mariadb.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const call = async (operation: (typeof operations)[number], token: string): Promise<string> => {
    const { params, querystring, body } = operation.schema as { params?: Schema; querystring?: Schema; body?: Schema };
    const one = (schema: Schema | undefined): Record<string, unknown> =>
      schema ? (fc.sample(allowed(schema, KNOWN), { numRuns: 1, seed: 7 })[0] as Record<string, unknown>) : {};
    let at = operation.url;
    for (const [name, value] of Object.entries(one(params)))
      at = at.replace(`:${name}`, encodeURIComponent(String(value)));
    // A cursor that nobody gave out is refused before the database is asked.
    const { cursor: _, ...asked } = one(querystring);
    const query = new URLSearchParams(asked as Record<string, string>);
    const startedAt = performance.now();
    const response = await fetch(`${system.url}${at}?${query}`, {
      method: String(operation.method),
      headers: { authorization: `Bearer ${token}`, ...(body ? { "content-type": "application/json" } : {}) },
      ...(body ? { body: JSON.stringify(one(body)) } : {}),
    });
    const tookMs = performance.now() - startedAt;
    const { error } = (await response.json().catch(() => ({}))) as { error?: { code: string } };
    const limitMs = (operation.method === "GET" ? DEADLINE_MS.read : DEADLINE_MS.write) + SLACK_MS;
    if (tookMs > limitMs) return `late: ${tookMs.toFixed(0)} ms`;
    if (response.status === 503)
      return error?.code === "unavailable" && response.headers.has("retry-after")
        ? "unavailable"
        : "503 of another kind";
    return response.status >= 500 ? `${response.status} ${error?.code}` : "answered";
  };

  /** Every operation, some at once, twice: the first ones may find connections that looked alive. */
  const walk = async (): Promise<Map<string, string>> => {
    const token = await client.accessToken();
    const answers = new Map<string, string>();
    const twice = [...operations, ...operations];
    for (let from = 0; from < twice.length; from += AT_ONCE)
      await Promise.all(
        twice.slice(from, from + AT_ONCE).map(async (operation) => {
          const answer = await call(operation, token);
          const before = answers.get(operation.operationId);
          if (before === undefined || before === "answered" || before === "unavailable")
            answers.set(operation.operationId, answer);
        }),
      );
    return answers;
  };
  const expectHonest = (answers: Map<string, string>): void => {
    const wrong = [...answers].filter(([, answer]) => answer !== "unavailable" && answer !== "answered");
    expect(wrong).toEqual([]);
    // Some values are refused before the database is asked; most are not.
    const unavailable = [...answers].filter(([, answer]) => answer === "unavailable").length;
    expect(unavailable).toBeGreaterThan(operations.length * 0.7);
    for (const id of NEEDS_NONE) if (answers.has(id)) expect(answers.get(id)).toBe("answered");
  };
  const back = (): Promise<void> =>
    until(async () => {
      const statuses = await Promise.all(
        ["/v1/me/devices", "/v1/me/matches", "/v1/chat/channels", "/system/healthz"].map(async (at) => {
          const headers = { authorization: `Bearer ${await client.accessToken()}` };
          return (await fetch(system.url + at, { headers })).status;
        }),
      );
      return statuses.every((status) => status === 200) ? undefined : `answers ${statuses.join(", ")}`;
    }, 10_000);

  it("a request whose client has gone leaves no statement behind on the server", async () => {
    const { db, stop } = createDatabase({
      url: Object.assign(new URL(mariadb.adminUrl), { pathname: "information_schema" }).href,
      dependency: anyDatabase(2, { waitMs: 5000, statementMs: 30_000 }),
    });
    const waiting = async (): Promise<number> => {
      const { rows } = await sql<{ n: bigint }>`
        select count(*) as n from processlist where user = 'identity' and state like 'Waiting for table%'`.execute(db);
      return Number(rows[0]?.n);
    };
    const token = await client.accessToken();
    await db.connection().execute(async (locking) => {
      await sql`lock tables identity_away.token_families write`.execute(locking);
      const leaving = new AbortController();
      const request = { method: "POST", headers: { authorization: `Bearer ${token}` }, signal: leaving.signal };
      const asked = fetch(`${system.url}/v1/me/devices/revoke-others`, request).catch((err: Error) => err.name);
      await until(async () => ((await waiting()) > 0 ? undefined : "nothing waits for the lock"), 2000);
      leaving.abort();
      expect(await asked).toBe("AbortError");
      // Long before its deadline.
      await until(async () => ((await waiting()) === 0 ? undefined : "it still waits"), DEADLINE_MS.write / 3);
      await sql`unlock tables`.execute(locking);
    });
    await stop();
    await back();
  });

  it("stopped: 503 in time for what needs it, a running match goes on, and all is back by itself", async () => {
    const { matches } = await playing(system, "duel", [0, 0]);
    let snapshots = 0;
    matches[0].onSnapshot(() => void snapshots++);
    mariadb.child.kill("SIGSTOP");
    expectHonest(await walk());
    const before = snapshots;
    await until(() => (snapshots > before + 60 ? undefined : "the match stands still"), 5000);
    mariadb.child.kill("SIGCONT");
    await back();
  }, 60_000);

  it("killed: 503 in time for what needs it, and all is back by itself when it is started again", async () => {
    mariadb.child.kill("SIGKILL");
    await mariadb.child.exited;
    expectHonest(await walk());
    mariadb = await startDatabase();
    await back();
  }, 60_000);
});

const UUID = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e";
/** Values that pass the checks that come before the database. */
const KNOWN = {
  playerId: [UUID],
  matchId: [UUID],
  channelId: [UUID],
  deviceId: [UUID],
  mode: ["duel"],
  password: ["correct horse battery"],
  newPassword: ["correct horse batteries"],
  currentPassword: ["correct horse battery"],
  name: ["somebody-new"],
  body: ["hello"],
};
