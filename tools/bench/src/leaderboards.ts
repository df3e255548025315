// Leaderboards of many players, asked by RPC of the real service on a durable database: a page from the top, a page further down, and a player's
// own rank among those around it; alone, and while results are applied. Then how many results a rewind computes again per second.
//
//   node src/leaderboards.ts [--players 1000000] [--calls 2000] [--results-per-s 50] [--rewound 20000] [--json]
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { RatingService } from "@muster/contracts/rating/v2";
import { createDatabase, type Database, inTransaction, isTransient, migrate } from "@muster/db";
import { freePort, provision, startMariadb } from "@muster/local";
import { anyDatabase } from "@muster/resilience/testing";
import { anyMethods } from "@muster/resilience/testing";
import {
  applyResult,
  compareWithFold,
  countAgain,
  migrations,
  readConfig,
  requestRewind,
  type Result,
  rewindMode,
  service,
  type Tables,
} from "@muster/rating-service/testing";
import { createRpcClient } from "@muster/rpc";
import { percentile, seededBelow } from "@muster/testkit/numbers";
import { programOptions, refuseOptions } from "@muster/testkit/program-options";
import { sql } from "kysely";

const { values } = programOptions({
  options: {
    players: { type: "string", default: "1000000" },
    calls: { type: "string", default: "2000" },
    "results-per-s": { type: "string", default: "50" },
    rewound: { type: "string", default: "20000" },
    json: { type: "boolean", default: false },
  },
});

function count(name: "players" | "calls" | "results-per-s" | "rewound", min: number, max: number): number {
  const value = Number(values[name]);
  if (!Number.isInteger(value) || value < min || value > max)
    refuseOptions(`--${name} is a whole number from ${min} to ${max}`);
  return value;
}

const PLAYERS = count("players", 1000, 5_000_000);
const CALLS = count("calls", 100, 100_000);
/** Of 18,000 players who play duels of three minutes without a pause, for 50. */
const RESULTS_PER_S = count("results-per-s", 1, 10_000);
const REWOUND = count("rewound", 100, 500_000);
/** The newcomers of a first season: as many have the same display rating. */
const EQUALS = Math.floor(PLAYERS / 4);
const MODE = "duel";
const NEWCOMERS = "newcomers";
const REWINDS = "rewinds";
const APPLIERS = 4;
const START_MS = Date.parse("2026-11-27T10:00:00Z");
const below = seededBelow(7);

const folder = mkdtempSync(path.join(os.tmpdir(), "muster-bench-"));
const mariadb = await startMariadb({ dataDir: path.join(folder, "data"), port: await freePort(), durable: true });
try {
  await run();
} finally {
  await mariadb.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function run(): Promise<void> {
  const urls = await provision({ adminUrl: mariadb.adminUrl, suffix: "bench", passwordOf: () => "bench" });
  const url = urls["rating-service"] as string;
  const database = createDatabase<Tables>({
    url,
    dependency: anyDatabase(8, { waitMs: 10_000, statementMs: 600_000 }),
  });
  const { db } = database;
  await migrate(db, migrations);
  await seed(db);
  const app = service.createApp(
    readConfig({ RATING_DB_URL: url, RATING_GRPC_PORT: "0", RATING_ADMIN_PORT: "0", LOG_LEVEL: "error" }),
  );
  await app.start();
  const client = createRpcClient({ service: RatingService, baseUrl: app.rpc.url, dependency: anyMethods(10_000) });
  const rows = [...(await reads(client.call, "alone")), ...(await whileApplying(db, () => reads(client.call, "busy")))];
  rows.push(await equals(client.call));
  const rewind = await rewound(db);
  await client.stop?.();
  await app.stop();
  await database.stop();
  if (values.json) console.log(JSON.stringify({ players: PLAYERS, calls: CALLS, rows, rewind }));
  else {
    console.table(rows);
    console.log(rewind);
  }
}

/** UUIDs of version 7, as many as there are numbers. */
function idOf(n: number): string {
  return `01a20ab1-0000-7000-8000-${n.toString(16).padStart(12, "0")}`;
}

function idsOf(column: string): ReturnType<typeof sql.raw> {
  return sql.raw(`concat('01a20ab1-0000-7000-8000-', lpad(lower(hex(${column})), 12, '0'))`);
}

async function seed(db: Database<Tables>): Promise<void> {
  const [players, equal] = [sql.raw(`seq_0_to_${PLAYERS - 1}`), sql.raw(`seq_0_to_${EQUALS - 1}`)];
  await sql`insert into modes values (${MODE}), (${NEWCOMERS}), (${REWINDS})`.execute(db);
  await sql`
    insert into heads select ${MODE}, ${idsOf("seq")}, 1, 25 + 6 * sqrt(-2 * ln(rand(seq) + 1e-12)) * cos(2 * pi() * rand(seq + 7)),
      1.3 + rand(seq + 9) * 2, 40, if(seq % 3, 'eu', 'us'), '2026-11-27' - interval seq % 86400 second, '2026-11-27', '' from ${players}`.execute(
    db,
  );
  await sql`
    insert into ratings select mode, season, player_id, mu, sigma, greatest(0, 1000 + round(40 * (mu - 3 * sigma))), matches, region, reached_at
      from heads`.execute(db);
  await sql`
    insert into ratings select ${NEWCOMERS}, 1, ${idsOf("seq")}, 27, 8, 1120, 1, '', '2026-11-27' - interval seq % 86400 second from ${equal}`.execute(
    db,
  );
  for (const mode of [MODE, NEWCOMERS]) await inTransaction(db, (tx) => countAgain(tx, mode));
  await sql`analyze table ratings, heads, board_counts, board_equals`.execute(db);
}

type Call = ReturnType<typeof createRpcClient<typeof RatingService>>["call"];
interface Row {
  readonly what: string;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly resultsPerS?: number;
}

async function timed(what: string, work: () => Promise<unknown>): Promise<Row> {
  const ms: number[] = [];
  for (let i = 0; i < CALLS; i++) {
    const begun = performance.now();
    await work();
    ms.push(performance.now() - begun);
  }
  const round = (value: number | undefined): number => Math.round((value ?? 0) * 10) / 10;
  return { what, p50Ms: round(percentile(ms, 0.5)), p99Ms: round(percentile(ms, 0.99)), maxMs: round(Math.max(...ms)) };
}

async function reads(call: Call, when: string): Promise<Row[]> {
  const leaderboard = { mode: MODE };
  const cursors: string[] = [];
  for (let cursor = "", i = 0; i < 50; i++) {
    const page = await call.listLeaderboard({ leaderboard, pageSize: 100, cursor });
    cursor = page.nextCursor;
    cursors.push(cursor);
  }
  return [
    await timed(`${when}: first page`, () => call.listLeaderboard({ leaderboard })),
    await timed(`${when}: a later page`, () =>
      call.listLeaderboard({ leaderboard, cursor: cursors[below(cursors.length)] as string }),
    ),
    await timed(`${when}: own rank and 20 around`, () =>
      call.getLeaderboardAround({ leaderboard, playerId: idOf(below(PLAYERS)) }),
    ),
    await timed(`${when}: own rank and 20 around, of a region`, () => {
      const n = below(PLAYERS);
      const region = n % 3 ? "eu" : "us";
      return call.getLeaderboardAround({ leaderboard: { ...leaderboard, region }, playerId: idOf(n) });
    }),
    await timed(`${when}: 100 ratings for the matchmaker`, () =>
      call.getRatings({
        players: Array.from({ length: 100 }, (_, i) => ({
          playerId: idOf((below(PLAYERS) + i) % PLAYERS),
          mode: MODE,
        })),
      }),
    ),
  ];
}

/** A quarter of all players have the same display rating: what breaks ties is counted. */
function equals(call: Call): Promise<Row> {
  return timed(`own rank among ${EQUALS} who are equal`, () =>
    call.getLeaderboardAround({ leaderboard: { mode: NEWCOMERS }, playerId: idOf(below(EQUALS)) }),
  );
}

function result(mode: string, n: number, players: number): Result {
  const one = below(players);
  const other = (one + 1 + below(players - 1)) % players;
  const matchId = `01a20ab2-${mode === MODE ? "0000" : "1111"}-7000-8000-${String(n).padStart(12, "0")}`;
  const participants = [one, other].map((player, i) => ({ playerId: idOf(player), rank: i + 1 }));
  return { matchId, mode, endedAtMs: START_MS + n * 100, region: "eu", participants };
}

async function apply(db: Database<Tables>, one: Result): Promise<void> {
  for (;;)
    try {
      await inTransaction(db, (tx) => applyResult(tx, one, new Date()), { isolation: "read committed" });
      return;
    } catch (err) {
      if (!isTransient(err)) throw err;
    }
}

/** As many at once as a consumer applies, at a rate. */
async function whileApplying(db: Database<Tables>, work: () => Promise<Row[]>): Promise<Row[]> {
  let [applied, over] = [0, false];
  const begun = performance.now();
  const applying = Array.from({ length: APPLIERS }, async () => {
    while (!over) {
      const n = applied++;
      const dueMs = (n / RESULTS_PER_S) * 1000 - (performance.now() - begun);
      if (dueMs > 0) await new Promise((resolve) => setTimeout(resolve, dueMs));
      await apply(db, result(MODE, n, PLAYERS));
    }
  });
  const rows = await work();
  over = true;
  await Promise.all(applying);
  const resultsPerS = Math.round((applied / (performance.now() - begun)) * 1000);
  return rows.map((row) => ({ ...row, resultsPerS }));
}

/** Everything again, because of the first one, among as many players as there are results: nearly all are affected. */
async function rewound(db: Database<Tables>): Promise<object> {
  const all = Array.from({ length: REWOUND }, (_, n) => result(REWINDS, n, Math.max(50, Math.floor(REWOUND / 20))));
  let next = 0;
  const begun = performance.now();
  const appliers = Array.from({ length: APPLIERS }, async () => {
    for (let one = all[next++]; one; one = all[next++]) await apply(db, one);
  });
  await Promise.all(appliers);
  const appliedPerS = Math.round((REWOUND / (performance.now() - begun)) * 1000);
  await inTransaction(db, (tx) => requestRewind(tx, REWINDS, (all[0] as Result).matchId));
  const startedAt = performance.now();
  const done = await rewindMode(db, REWINDS, { now: () => new Date() });
  const seconds = (performance.now() - startedAt) / 1000;
  const comparedAt = performance.now();
  const { differences } = await compareWithFold(db, REWINDS);
  return {
    appliedPerS,
    ...done,
    seconds,
    perS: Math.round(done.computed / seconds),
    comparedPerS: Math.round((REWOUND / (performance.now() - comparedAt)) * 1000),
    differences: differences.length,
  };
}
