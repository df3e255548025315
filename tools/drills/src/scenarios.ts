import { type DrillPlayer, enter, watch } from "./players.ts";
import { type Proof, proveKept, proveSight } from "./proof.ts";
import { openTestCluster, type TestCluster, type TestClusterOptions } from "./test-cluster.ts";
import { seededRandom } from "@muster/testkit/numbers";

export interface DrillOptions {
  readonly matches: number;
  readonly seed: number;
  readonly progress: (line: string) => void;
}

export interface DrillReport {
  readonly matches: number;
  /** Players who saw nothing for longer than HIT_MS. */
  readonly hit: number;
  /** Longest time without a frame around the fault, by player, sorted. */
  readonly pausesMs: number[];
  readonly proof: Proof;
  readonly errors: string[];
}

interface Scenario {
  readonly cluster: Pick<TestClusterOptions, "gateways" | "shards"> & {
    env?: (matches: number) => Record<string, string>;
  };
  /** Shards that come when everybody plays. */
  readonly reserves?: number;
  /** Breaks something; resolves when the fault is over. */
  fault(cluster: TestCluster, random: () => number): Promise<void>;
}

const TICK_RATE = 30;
/** Play before the fault, and after it. */
const BEFORE_MS = 2500;
const AFTER_MS = 4000;
const ENTER_AT_ONCE = 16;
const ENTER_MS_PER_PLAYER = 110;
const HIT_MS = 150;
const STOPPED_MS = 3000;

const pick = <T>(from: readonly T[], random: () => number): T => from[Math.floor(random() * from.length)] as T;
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  // One shard carries everything; the two that take over are empty when it happens.
  "shard-killed": {
    cluster: { gateways: 2, shards: 1 },
    reserves: 2,
    async fault({ shards }) {
      shards[0]?.child.kill("SIGKILL");
    },
  },
  "shard-stopped": {
    cluster: { gateways: 2, shards: 1 },
    reserves: 2,
    async fault({ shards }) {
      const { child } = shards[0] as (typeof shards)[number];
      child.kill("SIGSTOP");
      await wait(STOPPED_MS);
      child.kill("SIGCONT"); // a zombie: it must do no harm
    },
  },
  "gateway-killed": {
    cluster: { gateways: 2, shards: 2 },
    async fault({ gateways }, random) {
      pick(gateways, random).child.kill("SIGKILL");
    },
  },
  "gateway-stopped": {
    cluster: { gateways: 2, shards: 2 },
    async fault({ gateways }, random) {
      await pick(gateways, random).child.stop();
    },
  },
  "both-killed": {
    cluster: { gateways: 3, shards: 3 },
    async fault({ gateways, shards }, random) {
      pick(shards, random).child.kill("SIGKILL");
      await wait(random() * 100);
      pick(gateways, random).child.kill("SIGKILL");
    },
  },
  "rolling-restart": {
    cluster: { gateways: 2, shards: 2 },
    async fault({ gateways, shards, add }) {
      for (const shard of shards.slice()) {
        await add("shard");
        await shard.child.stop();
      }
      for (const gateway of gateways.slice()) {
        await add("gateway");
        await gateway.child.stop();
      }
    },
  },
  "shards-full": {
    // Room for a third more than there is: what one held has to be spread, and some refusals are certain.
    cluster: {
      gateways: 2,
      shards: 4,
      env: (matches) => ({ SHARD_MATCHES_MAX: String(Math.ceil(matches / 3) + 1) }),
    },
    async fault({ shards }, random) {
      pick(shards, random).child.kill("SIGKILL");
    },
  },
};

export async function drill(name: string, { matches, seed, progress }: DrillOptions): Promise<DrillReport> {
  const scenario = SCENARIOS[name];
  if (!scenario) throw new Error(`unknown scenario ${name}; available: ${Object.keys(SCENARIOS).join(", ")}`);
  const random = seededRandom(seed);
  const enteringMs = matches * 2 * ENTER_MS_PER_PLAYER;
  const roundTicks = Math.ceil(((enteringMs + BEFORE_MS + AFTER_MS + 6000) / 1000) * TICK_RATE);
  progress(`${name}: starting, seed ${seed}`);
  await using cluster = await openTestCluster({
    ...scenario.cluster,
    env: {
      MATCHMAKER_MODES: JSON.stringify({ drill: { game: "duel", seats: 2, options: { rounds: 1, roundTicks } } }),
      GATEWAY_SPECTATOR_DELAY_MS: "0",
      ...scenario.cluster.env?.(matches),
    },
  });
  const players = await enterAll(cluster, matches * 2, progress).catch((err: unknown) => {
    for (const line of cluster.errors().slice(0, 10)) progress(line.slice(0, 2000));
    throw err;
  });
  const spectator = await watch(cluster.edgeUrl, cluster.gatewayUrl, (players[0] as DrillPlayer).matchId);
  for (let i = 0; i < (scenario.reserves ?? 0); i++) await cluster.add("shard");
  await wait(BEFORE_MS);
  const playing = players.filter((player) => !player.over());
  for (const player of playing) player.watch();
  progress(`${playing.length} of ${players.length} players are playing; injecting the fault`);
  const startedAt = performance.now();
  await scenario.fault(cluster, random);
  await wait(AFTER_MS);
  const pausesMs = playing.map((player) => player.pauseMs()).sort((a, b) => a - b);
  progress(`${((performance.now() - startedAt) / 1000).toFixed(1)} s later; waiting for the matches to end`);
  const proof = await proveKept(cluster.matchUrl, players);
  proof.problems.push(...proveSight(spectator, players));
  for (const { realtime } of [...players, spectator]) realtime.close();
  return { matches, hit: pausesMs.filter((ms) => ms > HIT_MS).length, pausesMs, proof, errors: cluster.errors() };
}

async function enterAll(cluster: TestCluster, count: number, progress: (line: string) => void): Promise<DrillPlayer[]> {
  const players: DrillPlayer[] = [];
  for (let from = 0; from < count; from += ENTER_AT_ONCE) {
    const group = Array.from({ length: Math.min(ENTER_AT_ONCE, count - from) }, () =>
      enter(cluster.edgeUrl, cluster.gatewayUrl, "drill"),
    );
    players.push(...(await Promise.all(group)));
    if (players.length % 160 === 0) progress(`${players.length} of ${count} players have joined`);
  }
  return players;
}
