// Kafka is killed while matches end. Players must notice nothing, nothing may be lost, and once Kafka is back every result has its effect once.
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import path from "node:path";
import type { Broker, ReceivedRecord } from "@muster/events";
import { paths } from "@muster/local";
import { until } from "@muster/runtime";
import { startPrivateKafka } from "@muster/testkit/kafka";
import { percentile } from "@muster/testkit/numbers";
import { type Connection, createConnection } from "mariadb";
import { openTopics } from "./kafka-topics.ts";
import { enter } from "./players.ts";
import { openTestCluster, type TestCluster } from "./test-cluster.ts";

export interface BrokerOutageOptions {
  /** Matches that run side by side. */
  readonly pairs: number;
  /** So often one after the other, while Kafka is away. */
  readonly rounds: number;
  readonly progress: (line: string) => void;
}

export interface BrokerOutageReport {
  readonly matches: number;
  readonly outageS: number;
  /** What the ingress shows as `/healthz`, while Kafka was away, by status; what it said. */
  readonly health: Readonly<Record<string, number>>;
  readonly healthSays: string;
  /** Of match-service's outbox when Kafka came back. */
  readonly unpublished: number;
  readonly oldestS: number;
  /** Longest time without a frame, by player: before and while Kafka was away. */
  readonly pauseMsP99: { readonly before: number; readonly away: number };
  readonly queueMsP50: { readonly before: number; readonly away: number };
  /** From Kafka's first answer until match-service's outbox was empty, and until every match was rated. */
  readonly drainedAfterS: number;
  readonly ratedAfterS: number;
  /** What is wrong; empty: all is well. */
  readonly problems: readonly string[];
}

const MODE = "duel-quick";
const RECOVERED_WITHIN_MS = 120_000;
const MATCHES_TOPIC = "muster.matches.v1";

export async function drillBrokerOutage(options: BrokerOutageOptions): Promise<BrokerOutageReport> {
  const { pairs, rounds, progress } = options;
  await using kafka = await startPrivateKafka();
  const broker = await openTopics(kafka.brokers);
  await using cluster = await openTestCluster({ gateways: 1, shards: 1, kafka: kafka.brokers });
  const matchDb = await createConnection(cluster.matchDbUrl.replace("mysql:", "mariadb:"));
  const ratingDb = await createConnection(cluster.ratingDbUrl.replace("mysql:", "mariadb:"));
  try {
    const before = await playRound(cluster, pairs);
    await until(() => missing(ratingDb, pairs), RECOVERED_WITHIN_MS);
    progress(`${pairs} matches were played and rated with Kafka; now it is killed (-9)`);

    await kafka.kill();
    const killedAt = performance.now();
    const health = watchHealth(cluster.edgeUrl);
    const away: Round[] = [];
    for (let round = 1; round <= rounds; round++) {
      away.push(await playRound(cluster, pairs));
      await until(async () => {
        const { count } = await unpublished(matchDb);
        return count >= round * pairs ? undefined : `${count} events in the outbox after ${round * pairs} matches`;
      });
      progress(`without Kafka: ${round * pairs} matches ended, ${await outboxText(matchDb)}`);
    }
    const waiting = await unpublished(matchDb);
    const healthSeen = await health.stop();
    await kafka.start();
    const backAt = performance.now();
    progress("Kafka is back");

    const played = (rounds + 1) * pairs;
    const drained = until(
      async () => ((await unpublished(matchDb)).count === 0 ? undefined : "the outbox is not empty"),
      RECOVERED_WITHIN_MS,
    ).then(() => performance.now());
    const rated = until(() => missing(ratingDb, played), RECOVERED_WITHIN_MS).then(() => performance.now());
    const [drainedAt, ratedAt] = await Promise.all([drained, rated]);
    await until(() => rewinding(ratingDb), RECOVERED_WITHIN_MS);
    const all = away.flatMap((round) => round.players);
    return {
      matches: played,
      outageS: seconds(killedAt, backAt),
      health: healthSeen.statuses,
      healthSays: healthSeen.says,
      unpublished: waiting.count,
      oldestS: waiting.oldestS,
      pauseMsP99: { before: pausesOf(before.players), away: pausesOf(all) },
      queueMsP50: { before: queuesOf(before.players), away: queuesOf(all) },
      drainedAfterS: seconds(backAt, drainedAt),
      ratedAfterS: seconds(backAt, ratedAt),
      problems: [
        ...[before, ...away].flatMap((round) => round.problems),
        ...cluster.deaths(),
        ...(await wrongEffects(ratingDb, played)),
        ...recomputed(cluster),
        ...(await disorder(broker, matchDb)),
        ...Object.keys(healthSeen.statuses)
          .filter((status) => status !== "200")
          .map((status) => `/healthz answered ${status}`),
        ...(healthSeen.says.includes("kafka") ? [] : [`/healthz did not say that Kafka is away: ${healthSeen.says}`]),
      ],
    };
  } finally {
    await matchDb.end();
    await ratingDb.end();
  }
}

interface PlayerSaw {
  readonly queueMs: number;
  readonly pauseMs: number;
}

interface Round {
  readonly players: readonly PlayerSaw[];
  readonly problems: readonly string[];
}

/** Two players each, who queue, play and see the end of their match. */
async function playRound({ edgeUrl, gatewayUrl }: TestCluster, pairs: number): Promise<Round> {
  const results = await Promise.allSettled(
    Array.from({ length: 2 * pairs }, async (): Promise<PlayerSaw> => {
      const startedAt = performance.now();
      const player = await enter(edgeUrl, gatewayUrl, MODE);
      const queueMs = performance.now() - startedAt;
      const { reason } = await player.ended;
      player.realtime.close();
      if (reason !== "played") throw new Error(`a match ended as ${reason}`);
      return { queueMs, pauseMs: player.pauseMs() };
    }),
  );
  return {
    players: results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : [])),
    problems: results.flatMap((result) => (result.status === "rejected" ? [`a player: ${String(result.reason)}`] : [])),
  };
}

function watchHealth(edgeUrl: string): { stop(): Promise<{ statuses: Record<string, number>; says: string }> } {
  const stopping = new AbortController();
  const statuses: Record<string, number> = {};
  let says = "";
  const watching = (async () => {
    while (!stopping.signal.aborted) {
      const answer = await fetch(`${edgeUrl}/system/healthz`);
      statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
      says = await answer.text();
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await watching;
      return { statuses, says };
    },
  };
}

async function unpublished(db: Connection): Promise<{ count: number; oldestS: number }> {
  const [row] = (await db.query(
    `select count(*) as waiting, coalesce(timestampdiff(microsecond, min(created_at), utc_timestamp(6)), 0) / 1e6 as oldest
       from outbox where published_at is null`,
  )) as { waiting: bigint; oldest: string }[];
  return { count: Number(row?.waiting ?? 0), oldestS: Number(row?.oldest ?? 0) };
}

async function outboxText(db: Connection): Promise<string> {
  const { count, oldestS } = await unpublished(db);
  return `${count} events wait in match-service's outbox, the oldest for ${oldestS.toFixed(1)} s`;
}

/** Undefined when so many matches have been taken in. */
async function missing(ratingDb: Connection, matches: number): Promise<string | undefined> {
  const [row] = (await ratingDb.query("select count(*) as n from results")) as { n: bigint }[];
  return Number(row?.n) >= matches ? undefined : `${row?.n} of ${matches} results`;
}

async function rewinding(ratingDb: Connection): Promise<string | undefined> {
  const rows = (await ratingDb.query("select 1 from rewinds limit 1")) as unknown[];
  return rows.length === 0 ? undefined : "a rewind waits";
}

/** Every match has counted once for each of its two players. */
async function wrongEffects(ratingDb: Connection, matches: number): Promise<string[]> {
  const [row] = (await ratingDb.query(
    `select (select count(*) from results) as results, (select count(*) from points) as points,
            (select sum(matches) from heads) as counted`,
  )) as { results: bigint; points: bigint; counted: string }[];
  const found = { results: Number(row?.results), points: Number(row?.points), counted: Number(row?.counted) };
  const wanted = { results: matches, points: 2 * matches, counted: 2 * matches };
  return JSON.stringify(found) === JSON.stringify(wanted)
    ? []
    : [`ratings have ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`];
}

/** What is stored is what all results make of it, to the last bit. */
function recomputed({ ratingDbUrl }: TestCluster): string[] {
  const run = spawnSync(paths.node, ["src/operator.ts", "recompute"], {
    cwd: path.join(paths.root, "services/rating-service"),
    env: { ...process.env, RATING_DB_URL: ratingDbUrl },
    encoding: "utf8",
  });
  return run.status === 0 ? [] : [`recompute: ${run.stdout}${run.stderr}`];
}

/** Each slot of the outbox came to each partition in its order; every event came. */
async function disorder(broker: Broker, matchDb: Connection): Promise<string[]> {
  const rows = (await matchDb.query("select event_id, slot, position from outbox order by position")) as {
    event_id: string;
    slot: number;
    position: bigint;
  }[];
  const firstSeen = new Map<string, ReceivedRecord>();
  for (const record of await recordsOf(broker, MATCHES_TOPIC)) {
    const id = record.headers["ce_id"] ?? "";
    if (!firstSeen.has(id)) firstSeen.set(id, record);
  }
  const problems: string[] = [];
  const last = new Map<string, bigint>();
  for (const { event_id, slot } of rows) {
    const record = firstSeen.get(event_id);
    if (!record) {
      problems.push(`event ${event_id} is not in Kafka`);
      continue;
    }
    const lane = `slot ${slot}, partition ${record.partition}`;
    if (record.offset < (last.get(lane) ?? -1n)) problems.push(`${lane}: event ${event_id} came before an earlier one`);
    last.set(lane, record.offset);
  }
  return problems;
}

async function recordsOf(broker: Broker, topic: string): Promise<ReceivedRecord[]> {
  const admin = broker.admin();
  await admin.start?.();
  const lag = await admin.lag("drill", [topic]);
  await admin.stop?.();
  const wanted = lag.reduce((sum, { first, end }) => sum + Number(end - first), 0);
  const records: ReceivedRecord[] = [];
  const reader = broker.consumer({
    group: `drill-${randomUUID()}`,
    topics: [topic],
    concurrency: 1,
    from: "earliest",
    async handle(batch) {
      records.push(...batch.records);
      return { next: (batch.records.at(-1)?.offset ?? -1n) + 1n, pauseMs: 0 };
    },
  });
  await reader.start();
  await until(() => (records.length >= wanted ? undefined : `${records.length} of ${wanted} records`), 60_000);
  await reader.stop();
  return records;
}

const seconds = (from: number, to: number): number => Math.round((to - from) / 100) / 10;
const pausesOf = (players: readonly PlayerSaw[]): number =>
  Math.round(
    percentile(
      players.map(({ pauseMs }) => pauseMs),
      0.99,
    ) ?? 0,
  );
const queuesOf = (players: readonly PlayerSaw[]): number =>
  Math.round(
    percentile(
      players.map(({ queueMs }) => queueMs),
      0.5,
    ) ?? 0,
  );
