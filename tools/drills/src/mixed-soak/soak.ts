// Everything at once, for long, with a fault every minute: what leaks, sticks or is lost shows here and nowhere else.
import { setTimeout as wait } from "node:timers/promises";
import { startPrivateKafka } from "@muster/testkit/kafka";
import { seededRandom } from "@muster/testkit/numbers";
import { createConnection, type Connection } from "mariadb";
import { CASCADE_DRILLS, type CascadeDrill } from "../cascade/drills.ts";
import { type SteadyLoad, startSteadyLoad } from "../cascade/load.ts";
import { keepMatches } from "../cascade/matches.ts";
import { metricsOf, residentMib, sumOf } from "../cascade/processes.ts";
import { openTopics } from "../kafka-topics.ts";
import { openTestCluster, type TestCluster } from "../test-cluster.ts";
import { keepChats } from "./chats.ts";
import { type Sample, type Slope, slopeOf } from "./slope.ts";
import { countRows, grownWithoutReason } from "./tables.ts";

export interface SoakOptions {
  readonly minutes: number;
  /** Before memory is judged: code is compiled, caches and pools fill. */
  readonly settleMinutes: number;
  readonly perS: number;
  readonly matchPairs: number;
  readonly chatPairs: number;
  readonly seed: number;
  readonly progress: (line: string) => void;
}

export interface SoakReport {
  readonly faults: readonly string[];
  readonly requests: number;
  readonly statuses: Readonly<Record<number, number>>;
  readonly matches: number;
  readonly messages: number;
  /** Resident memory, MiB per hour, by process; undefined: too few samples. */
  readonly slopes: ReadonlyMap<string, Slope | undefined>;
  readonly problems: readonly string[];
}

const FAULT_EVERY_S = 60;
const FAULT_S = 12;
const SAMPLE_EVERY_MS = 5000;
const BLOCK_S = 60;
/** Of memory that grows for sure: less than this per hour is not told from a cache that fills. */
const GROWTH_MIB_PER_HOUR_MAX = 12;
/** For what is still on its way when the load ends: events, results, leases of matches whose players went. */
const SETTLED_WITHIN_MS = 90_000;

/** Faults that end by themselves and need no other system than this one. */
const FAULTS = CASCADE_DRILLS.filter(
  ({ overloads, mains, durable, twice, missing }) => !overloads && !mains && !durable && !twice && !missing?.(),
);

export async function soak(options: SoakOptions): Promise<SoakReport> {
  const { progress } = options;
  const random = seededRandom(options.seed);
  await using kafka = await startPrivateKafka();
  await openTopics(kafka.brokers);
  const links = [...new Set(FAULTS.flatMap((fault) => fault.links ?? []))];
  await using cluster = await openTestCluster({
    gateways: 2,
    shards: 2,
    kafka: kafka.brokers,
    further: ["replay-service"],
    links,
  });
  const admin = await createConnection(`${cluster.mariadbUrl.replace(/^mysql:/, "mariadb:")}information_schema`);
  const load = await startSteadyLoad(cluster.edgeUrl, options.perS);
  const matches = await keepMatches(cluster.edgeUrl, cluster.gatewayUrl, options.matchPairs);
  const chats = await keepChats(cluster.edgeUrl, options.chatPairs);
  const memory = watchMemory(cluster);
  const faults: string[] = [];
  const problems: string[] = [];
  try {
    const before = await countRows(admin);
    const until = performance.now() + options.minutes * 60_000;
    while (performance.now() < until) {
      const at = performance.now();
      const fault = FAULTS[Math.floor(random() * FAULTS.length)] as CascadeDrill;
      await breakFor(fault, { cluster, load, kafka, perS: options.perS, random });
      faults.push(fault.name);
      progress(
        `${faults.length}: ${fault.name}; ${load.sent.length} requests, ${matches.ended.played / 2} matches, ${chats.accepted} messages`,
      );
      await wait(Math.max(0, Math.min(at + FAULT_EVERY_S * 1000, until) - performance.now()));
    }
    const slopes = memory.stop(options.settleMinutes * 60);
    await load.stop();
    await matches.stop();
    const lost = await chats.stop();
    problems.push(...lost.map((message) => `a message was accepted and is gone: ${message}`));
    problems.push(...(await unsettled(cluster, admin)));
    problems.push(...grownWithoutReason(before, await countRows(admin)));
    problems.push(...matches.ended.failed.map((how) => `a match ended as "${how}"`));
    problems.push(...cluster.deaths().map((death) => `a process died: ${death}`));
    for (const [process, slope] of slopes)
      if (slope && slope.low > 0 && slope.perHour > GROWTH_MIB_PER_HOUR_MAX)
        problems.push(`${process} grows by ${told(slope)}`);
    const statuses: Record<number, number> = {};
    for (const { status } of load.sent) statuses[status] = (statuses[status] ?? 0) + 1;
    for (const status of [0, 500]) if (statuses[status]) problems.push(`${statuses[status]} answers were ${status}`);
    return {
      faults,
      requests: load.sent.length,
      statuses,
      matches: matches.ended.played / 2,
      messages: chats.accepted,
      slopes,
      problems,
    };
  } finally {
    memory.stop(0);
    await load.stop();
    await matches.stop();
    await admin.end();
  }
}

export function told({ perHour, low, high }: Slope): string {
  return `${perHour.toFixed(1)} MiB an hour (${low.toFixed(1)} to ${high.toFixed(1)})`;
}

interface Stage {
  readonly cluster: TestCluster;
  readonly load: SteadyLoad;
  readonly kafka: Awaited<ReturnType<typeof startPrivateKafka>>;
  readonly perS: number;
  readonly random: () => number;
}

async function breakFor(fault: CascadeDrill, stage: Stage): Promise<void> {
  const over = new AbortController();
  const heal = await fault.begin({ ...stage, peakPerS: stage.perS, over: over.signal });
  await wait(FAULT_S * 1000);
  over.abort();
  await heal();
}

function watchMemory(cluster: TestCluster): { stop(fromS: number): ReadonlyMap<string, Slope | undefined> } {
  const startedAt = performance.now();
  const samples = new Map<string, Sample[]>();
  const timer = setInterval(() => {
    const at = (performance.now() - startedAt) / 1000;
    for (const [name, { pid }] of cluster.processes()) {
      const value = residentMib(pid);
      if (value === undefined) continue;
      const own = samples.get(name) ?? [];
      samples.set(name, own);
      own.push({ at, value });
    }
  }, SAMPLE_EVERY_MS);
  return {
    stop(fromS) {
      clearInterval(timer);
      return new Map(
        [...samples].map(([name, own]) => [
          name,
          slopeOf(
            own.filter(({ at }) => at >= fromS),
            BLOCK_S,
          ),
        ]),
      );
    },
  };
}

/** What has to be over once nobody plays any more, and is not within the time for it. */
async function unsettled(cluster: TestCluster, admin: Connection): Promise<string[]> {
  const deadline = performance.now() + SETTLED_WITHIN_MS;
  let left = await leftOver(cluster, admin);
  while (left.length > 0 && performance.now() < deadline) {
    await wait(1000);
    left = await leftOver(cluster, admin);
  }
  return left;
}

async function leftOver(cluster: TestCluster, admin: Connection): Promise<string[]> {
  const nameOf = (url: string): string => new URL(url).pathname.slice(1);
  const [match, rating] = [nameOf(cluster.matchDbUrl), nameOf(cluster.ratingDbUrl)];
  const count = async (sql: string): Promise<number> => {
    const [row] = (await admin.query(sql)) as { n: bigint }[];
    return Number(row?.n);
  };
  const running = await count(`select count(*) as n from \`${match}\`.matches where state = 'running'`);
  const waiting = await count(`select count(*) as n from \`${match}\`.outbox where published_at is null`);
  const ended = await count(`select count(*) as n from \`${match}\`.matches where state = 'ended'`);
  const rated = await count(`select count(*) as n from \`${rating}\`.results`);
  const texts = await Promise.all([...cluster.processes().values()].map(({ adminPort }) => metricsOf(adminPort)));
  const gauge = (name: string): number => texts.reduce((sum, text) => sum + sumOf(text, name), 0);
  return [
    [running, "matches are still running for match-service"],
    [waiting, "events wait in match-service's outbox"],
    [
      Math.abs(ended - rated),
      "matches have ended and are not among the results of rating-service, or the other way round",
    ],
    [gauge("matchmaker_waiting_tickets"), "tickets wait of players who are gone"],
    [gauge("matchmaker_held_matches"), "matches are held by the matchmaker"],
    [gauge("shard_matches"), "matches are still on shards"],
    [gauge("gateway_connections"), "connections are open at gateways"],
  ].flatMap(([n, what]) => (n === 0 ? [] : [`${n} ${what}`]));
}
