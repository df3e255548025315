// A crowd that queues at once while match-service runs at reduced speed, and then joins and leaves at random. Everybody must
// be matched, and no match may be left running that no shard holds.
import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { MusterClient, Realtime } from "@muster/client";
import type { Child } from "@muster/local";
import { createConnection } from "mariadb";
import { openTestCluster, type TestCluster } from "./test-cluster.ts";
import { percentile } from "@muster/testkit/numbers";

export interface CrowdOptions {
  /** Even: two play a match. */
  readonly clients: number;
  /** The part of the time in which match-service runs. */
  readonly runShare: number;
  /** How long they come and go; 0: they do not. */
  readonly churnMs: number;
  readonly progress: (line: string) => void;
}

export interface CrowdReport {
  readonly matched: number;
  /** Why the others were not, by code. */
  readonly notMatched: Readonly<Record<string, number>>;
  readonly waitMs: { readonly p50: number; readonly p99: number; readonly max: number };
  /** The part of the time in which match-service did run. */
  readonly ranShare: number;
  readonly churned: number;
  /** Matches that the database calls running and no shard holds: when the last player has gone, and a lease later. */
  readonly unheldAtFirst: number;
  readonly unheld: number;
  /** By reason: how the matches ended that were not played. */
  readonly cancelled: Readonly<Record<string, number>>;
}

const LOG_IN_AT_ONCE = 25;
const LOG_IN_ATTEMPTS_MAX = 20;
const MATCHED_WITHIN_MS = 60_000;
const SLICE_MS = 100;
const LEASE_ROUND_MS = 1000;
/** Rounds until a lease is over, and some more. */
const LEASE_MS = 10 * LEASE_ROUND_MS;
/** Nobody joins: a match that was placed is over after that. */
const JOIN_WITHIN_MS = 4000;
const ENV = {
  SHARD_MATCHES_MAX: "5000",
  SHARD_GRACE_MS: "500",
  SHARD_JOIN_WITHIN_MS: String(JOIN_WITHIN_MS),
  SHARD_LEASE_RENEW_MS: String(LEASE_ROUND_MS / 2),
  MATCH_LEASE_ROUND_MS: String(LEASE_ROUND_MS),
};

export async function drillCrowd({ clients, runShare, churnMs, progress }: CrowdOptions): Promise<CrowdReport> {
  await using cluster = await openTestCluster({ gateways: 1, shards: 1, env: ENV });
  progress(`connecting ${clients} clients`);
  const crowd = await connectAll(cluster, clients);
  const slowed = slowDown(cluster.singles.get("match-service") as Child, runShare);
  try {
    progress(`match-service runs ${Math.round(runShare * 100)} % of the time; all clients queue at once`);
    const queued = await queueAll(crowd);
    progress(`${queued.waitsMs.length} of ${clients} are matched`);
    const churned = churnMs > 0 ? await churn(cluster, crowd, churnMs) : 0;
    for (const one of crowd) one.realtime.close();
    const ranShare = slowed.stop();
    progress(`${churned} joins and leaves; all clients have left`);
    await wait(JOIN_WITHIN_MS + 2000);
    const unheldAtFirst = await unheldMatches(cluster);
    await wait(LEASE_MS);
    return {
      matched: queued.waitsMs.length,
      notMatched: queued.notMatched,
      waitMs: spread(queued.waitsMs),
      ranShare,
      churned,
      unheldAtFirst,
      unheld: await unheldMatches(cluster),
      cancelled: await cancelledByReason(cluster),
    };
  } finally {
    slowed.stop();
    for (const one of crowd) one.realtime.close();
  }
}

interface One {
  readonly client: MusterClient;
  realtime: Realtime;
}

function connect(cluster: TestCluster, client: MusterClient): Realtime {
  return new Realtime(cluster.gatewayUrl, () => client.accessToken(), {});
}

async function connectAll(cluster: TestCluster, clients: number): Promise<One[]> {
  const crowd: One[] = [];
  while (crowd.length < clients) {
    const some = Array.from({ length: Math.min(LOG_IN_AT_ONCE, clients - crowd.length) }, async () => {
      const client = new MusterClient({ url: cluster.edgeUrl });
      await logIn(client);
      const realtime = connect(cluster, client);
      await realtime.ready();
      return { client, realtime };
    });
    crowd.push(...(await Promise.all(some)));
  }
  return crowd;
}

/** So many at once are told to come again. */
async function logIn(client: MusterClient): Promise<void> {
  const deviceKey = randomBytes(16).toString("hex");
  for (let attempt = 1; ; attempt++) {
    try {
      await client.logInGuest(deviceKey);
      return;
    } catch (err) {
      if (attempt >= LOG_IN_ATTEMPTS_MAX) throw err;
      await wait(Math.random() * 1000);
    }
  }
}

async function queueAll(crowd: readonly One[]): Promise<{ waitsMs: number[]; notMatched: Record<string, number> }> {
  const waitsMs: number[] = [];
  const notMatched: Record<string, number> = {};
  const signal = AbortSignal.timeout(MATCHED_WITHIN_MS);
  const startedAt = performance.now();
  await Promise.all(
    crowd.map(({ realtime }) =>
      realtime.queue("duel", { signal }).then(
        () => waitsMs.push(performance.now() - startedAt),
        (err: unknown) => {
          const code = codeOf(err);
          notMatched[code] = (notMatched[code] ?? 0) + 1;
        },
      ),
    ),
  );
  return { waitsMs, notMatched };
}

/** Each queues, and cancels, drops its socket, or is matched and does not join; again and again. */
async function churn(cluster: TestCluster, crowd: readonly One[], churnMs: number): Promise<number> {
  const end = performance.now() + churnMs;
  let count = 0;
  const live = async (one: One): Promise<void> => {
    while (performance.now() < end) {
      count++;
      const cancel = new AbortController();
      const done = one.realtime.queue("duel", { signal: cancel.signal }).then(
        () => undefined,
        () => wait(100),
      );
      const what = Math.random();
      await Promise.race([done, wait(Math.random() * 1500)]);
      cancel.abort();
      if (what < 0.4) {
        one.realtime.close();
        one.realtime = connect(cluster, one.client);
      }
      await done;
    }
  };
  await Promise.all(crowd.map(live));
  return count;
}

/** Lets it run for a part of each tenth of a second. */
function slowDown(child: Child, runShare: number): { stop(): number } {
  let [ranMs, stoppedMs, at] = [0, 0, performance.now()];
  let running = true;
  let timer: NodeJS.Timeout | undefined;
  const change = (): void => {
    const now = performance.now();
    if (running) ranMs += now - at;
    else stoppedMs += now - at;
    at = now;
    running = !running;
    child.kill(running ? "SIGCONT" : "SIGSTOP");
    timer = setTimeout(change, SLICE_MS * (running ? runShare : 1 - runShare));
  };
  if (runShare < 1) change();
  return {
    stop() {
      clearTimeout(timer);
      child.kill("SIGCONT");
      return stoppedMs === 0 ? 1 : Math.round((ranMs / (ranMs + stoppedMs)) * 100) / 100;
    },
  };
}

async function unheldMatches(cluster: TestCluster): Promise<number> {
  const [row] = await query<{ n: bigint }>(cluster, "select count(*) n from matches where state = 'running'");
  let held = 0;
  for (const { adminPort } of cluster.shards) {
    const metrics = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
    held += Number(/^shard_matches\{[^}]*\} (\d+)$/m.exec(metrics)?.[1] ?? 0);
  }
  return Number(row?.n ?? 0) - held;
}

async function cancelledByReason(cluster: TestCluster): Promise<Record<string, number>> {
  const rows = await query<{ reason: string; n: bigint }>(
    cluster,
    "select cancel_reason reason, count(*) n from matches where state = 'cancelled' group by cancel_reason",
  );
  return Object.fromEntries(rows.map(({ reason, n }) => [reason, Number(n)]));
}

async function query<T>(cluster: TestCluster, sql: string): Promise<T[]> {
  const { hostname, port, username, password, pathname } = new URL(cluster.matchDbUrl);
  const connection = await createConnection({
    host: hostname,
    port: Number(port),
    user: username,
    password: decodeURIComponent(password),
    database: pathname.slice(1),
  });
  try {
    return (await connection.query(sql)) as T[];
  } finally {
    await connection.end();
  }
}

function spread(values: readonly number[]): CrowdReport["waitMs"] {
  const at = (share: number): number => Math.round(percentile(values, share) ?? 0);
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

function codeOf(err: unknown): string {
  const { code, name } = err as { code?: string; name?: string };
  return String(code ?? name);
}
