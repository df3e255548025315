// One drill: the whole system in separate processes under load, then the same with the fault, then the same without it.
import { setTimeout as wait } from "node:timers/promises";
import { startPrivateKafka } from "@muster/testkit/kafka";
import { seededRandom } from "@muster/testkit/numbers";
import { openTopics } from "../kafka-topics.ts";
import { openTestCluster, type TestCluster } from "../test-cluster.ts";
import type { CascadeDrill } from "./drills.ts";
import { type SteadyLoad, startSteadyLoad } from "./load.ts";
import { keepMatches } from "./matches.ts";
import { metricsOf, residentMib, sumOf } from "./processes.ts";
import { judge, type Verdict } from "./verdict.ts";

export interface DrillOptions {
  /** The first calls and matches are slower than those that follow: code is compiled, connections are opened. */
  readonly warmUpS: number;
  readonly perS: number;
  /** Of matches that are played meanwhile, two players each. */
  readonly pairs: number;
  readonly beforeS: number;
  readonly faultS: number;
  readonly afterS: number;
  readonly seed: number;
  readonly progress: (line: string) => void;
}

const LATE_TICK_S = "0.016";

export async function runDrill(drill: CascadeDrill, options: DrillOptions): Promise<Verdict> {
  await using kafka = drill.kafka ? await startPrivateKafka() : undefined;
  if (kafka) await openTopics(kafka.brokers);
  await using cluster = await openTestCluster({
    gateways: 2,
    shards: 2,
    links: drill.links ?? [],
    twice: drill.twice ?? [],
    mains: drill.mains ?? {},
    durable: drill.durable ?? false,
    ...(kafka ? { kafka: kafka.brokers } : {}),
  });
  const load = await startSteadyLoad(cluster.edgeUrl, options.perS);
  const matches = await keepMatches(cluster.edgeUrl, cluster.gatewayUrl, options.pairs);
  const over = new AbortController();
  try {
    await wait(options.warmUpS * 1000);
    const peakPerS = drill.overloads ? await findPeak(load, options.perS) : options.perS;
    if (drill.overloads)
      options.progress(`${drill.name}: at most ${peakPerS.toFixed(0)} requests a second are answered in time`);
    const marks = [await mark(cluster)];
    await wait(options.beforeS * 1000);
    marks.push(await mark(cluster));
    matches.longestPauseMs();
    options.progress(`${drill.name}: ${drill.does}`);
    const failedBefore = matches.ended.failed.length;
    const random = seededRandom(options.seed);
    const begun = performance.now();
    const heal = await drill.begin({ cluster, load, kafka, perS: options.perS, peakPerS, random, over: over.signal });
    await wait(Math.max(0, begun + options.faultS * 1000 - performance.now()));
    over.abort();
    await heal();
    const longestPauseMs = matches.longestPauseMs();
    marks.push(await mark(cluster));
    await wait(options.afterS * 1000);
    marks.push(await mark(cluster));
    await load.stop();
    const [start, fault, healed, end] = marks as [Mark, Mark, Mark, Mark];
    return judge({
      drill,
      peakPerS: drill.overloads ? peakPerS : undefined,
      sent: load.sent,
      before: { from: start.at, to: fault.at },
      during: { from: fault.at, to: healed.at },
      after: { from: healed.at, to: end.at },
      sentAgain: healed.sentAgain - fault.sentAgain,
      lateTicks: { before: lateShare(start, fault), during: lateShare(fault, healed) },
      longestPauseMs,
      failedMatches: matches.ended.failed.slice(failedBefore),
      deaths: cluster.deaths(),
      grownMib: growth(fault, end),
    });
  } finally {
    over.abort();
    await load.stop();
    await matches.stop();
  }
}

const STEP = 1.4;
const STEP_MS = 3000;
/** Behind each step, for what waits. */
const REST_MS = 2000;
const STEPS_MAX = 12;
/** Of what is sent: with less in time, there are more requests than answers. */
const IN_TIME_SHARE_MIN = 0.95;
/** What a player takes for an answer at once, ms. */
const IN_TIME_MS = 500;

/** More and more requests a second until some are late. @returns the most that were answered in time, requests a second */
async function findPeak(load: SteadyLoad, fromPerS: number): Promise<number> {
  let peak = 0;
  for (let [step, rate] = [0, fromPerS]; step < STEPS_MAX; step++, rate *= STEP) {
    const from = performance.now();
    load.rate(rate);
    await wait(STEP_MS);
    const to = performance.now();
    load.rate(fromPerS);
    await wait(REST_MS);
    const inTime = load.sent.filter(
      ({ at, ms, status }) => at >= from && at < to && status < 500 && status > 0 && ms <= IN_TIME_MS,
    );
    const perS = (inTime.length / (to - from)) * 1000;
    peak = Math.max(peak, perS);
    if (perS < rate * IN_TIME_SHARE_MIN) break;
  }
  return peak;
}

interface Mark {
  readonly at: number;
  readonly sentAgain: number;
  readonly ticks: { readonly all: number; readonly inTime: number };
  readonly residentMib: ReadonlyMap<string, number>;
}

async function mark(cluster: TestCluster): Promise<Mark> {
  const resident = new Map<string, number>();
  let [sentAgain, all, inTime] = [0, 0, 0];
  await Promise.all(
    [...cluster.processes()].map(async ([name, { pid, adminPort }]) => {
      const mib = residentMib(pid);
      if (mib !== undefined) resident.set(name, mib);
      const text = await metricsOf(adminPort);
      sentAgain += sumOf(text, "rpc_client_repeats_total", { outcome: "sent again" });
      all += sumOf(text, "shard_tick_late_seconds_count");
      inTime += sumOf(text, "shard_tick_late_seconds_bucket", { le: LATE_TICK_S });
    }),
  );
  return { at: performance.now(), sentAgain, ticks: { all, inTime }, residentMib: resident };
}

/** Undefined when a shard did not answer, or none has ticked. */
function lateShare(from: Mark, to: Mark): number | undefined {
  const [all, inTime] = [to.ticks.all - from.ticks.all, to.ticks.inTime - from.ticks.inTime];
  return all > 0 ? 1 - inTime / all : undefined;
}

function growth(from: Mark, to: Mark): { process: string; mib: number } {
  let largest = { process: "none", mib: 0 };
  for (const [process, mib] of to.residentMib) {
    const grown = mib - (from.residentMib.get(process) ?? mib);
    if (grown > largest.mib) largest = { process, mib: grown };
  }
  return largest;
}
