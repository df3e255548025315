// Muster as it is deployed: every service in its own process, real accounts, the real queue. Only the gateway and the shard
// carry the load, so only these are pinned and measured.
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import {
  createEnvironment,
  databaseServices,
  databaseVariables,
  deploymentOf,
  freePort,
  paths,
  portsFrom,
  provision,
  SERVICES,
  startMariadb,
} from "@muster/local";
import { spawnSync } from "node:child_process";
import { cpuSeconds, LOAD_CORE, lastJson, type Pinned, pinned, residentMib, SERVER_CORE } from "./processes.ts";
import { type OpenConnections, openConnections } from "./open-connections.ts";
import type { Measured } from "./table.ts";
import { openTrust } from "./trust.ts";

interface LoadReport {
  readonly seconds: number;
  readonly snapshots: number;
  readonly bytes: number;
  readonly ackMsP99: number;
  readonly loadCpuPercent: number;
}

export interface MusterMeasured extends Measured {
  readonly shardUsPerMatchTick: number;
  /** Of the storm: connections that came in, per second. */
  readonly stormedPerS: number | undefined;
}

/** A process may have so many files open here, less what it has beside. */
const STORM_CONNECTIONS_MAX = 18_000;
const COUNTED = ["realtime-gateway", "shard"];
const HEALTHY_WITHIN_MS = 60_000;

export async function measureMuster({
  matches,
  seconds,
  profileDir,
  spectators = 0,
  stormPerS,
}: {
  matches: number;
  seconds: number;
  profileDir?: string | undefined;
  /** Of the first match. */
  spectators?: number;
  /** While it is measured, so many more players connect to the gateway, each with a token of its own; 0: as many as can. */
  stormPerS?: number | undefined;
}): Promise<MusterMeasured> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "muster-bench-"));
  const ports = portsFrom(await freePort(), 18_200);
  const mariadb = await startMariadb({ dataDir: path.join(folder, "data"), port: await freePort(), durable: false });
  const env = await environment(ports, mariadb.adminUrl, matches);
  const children = new Map<string, Pinned>();
  const storm = stormPerS === undefined ? undefined : await prepareStorm(stormPerS, seconds, env);
  try {
    for (const row of SERVICES.toReversed()) {
      const { name } = row;
      const { nodeArgs } = deploymentOf(row);
      const counted = COUNTED.includes(name);
      const profile =
        counted && profileDir
          ? ["--cpu-prof", `--cpu-prof-dir=${profileDir}`, `--cpu-prof-name=${name}.cpuprofile`]
          : [];
      const folderOf = path.join(paths.root, "services", name);
      children.set(
        name,
        pinned(
          counted ? SERVER_CORE : LOAD_CORE,
          name,
          paths.node,
          [...nodeArgs, ...profile, "src/main.ts"],
          folderOf,
          env,
        ),
      );
    }
    const edgeUrl = `http://127.0.0.1:${ports["EDGE_PORT"]}`;
    await untilHealthy(edgeUrl);
    return await underLoad(children, env, edgeUrl, { matches, seconds, spectators, storm });
  } finally {
    for (const { child } of [...children.values()].toReversed()) await child.stop();
    await storm?.close();
    await mariadb.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function underLoad(
  children: ReadonlyMap<string, Pinned>,
  env: Record<string, string>,
  edgeUrl: string,
  work: { matches: number; seconds: number; spectators: number; storm: Storm | undefined },
): Promise<MusterMeasured> {
  const { matches, seconds, spectators, storm } = work;
  const pids = COUNTED.map((name) => (children.get(name) as Pinned).child.pid);
  const load = pinned(
    LOAD_CORE,
    "load",
    paths.node,
    [
      path.join(import.meta.dirname, "load.ts"),
      edgeUrl,
      `ws://127.0.0.1:${env["GATEWAY_PORT"]}/v1/realtime`,
      String(matches),
      String(seconds),
      String(spectators),
    ],
    paths.root,
    process.env,
  );
  await said(load, "measuring");
  const [cpuBefore, lateBefore] = [pids.map(cpuSeconds), await lateBuckets(env)];
  storm?.start();
  await said(load, "measured");
  const [cpuAfter, lateAfter] = [pids.map(cpuSeconds), await lateBuckets(env)];
  const resident = pids.reduce((sum, pid) => sum + residentMib(pid), 0);
  const stormedPerS = await storm?.came();
  await load.child.exited;
  const report = lastJson<LoadReport>(load.lines);
  const cpu = cpuAfter.reduce((sum, after, i) => sum + after - (cpuBefore[i] as number), 0);
  const players = matches * 2;
  const each = COUNTED.map((name, i) => {
    const us = (((cpuAfter[i] as number) - (cpuBefore[i] as number)) * 1e6) / (players * 30 * report.seconds);
    return `${name} ${us.toFixed(2)}`;
  });
  console.log(`  µs CPU per player and tick: ${each.join(", ")}`);
  const shardCpu = (cpuAfter[1] as number) - (cpuBefore[1] as number);
  return {
    stormedPerS,
    shardUsPerMatchTick: (shardCpu * 1e6) / (matches * 30 * report.seconds),
    name: "Muster (gateway + shard)",
    players,
    cpuUsPerPlayerTick: (cpu * 1e6) / (players * 30 * report.seconds),
    snapshotsPerS: report.snapshots / report.seconds / players,
    bytesPerSnapshot: report.bytes / report.snapshots,
    tickLateMsP99: quantileMs(lateBefore, lateAfter, 0.99),
    inputToAckMsP99: report.ackMsP99,
    residentMib: resident,
    loadCpuPercent: report.loadCpuPercent,
  };
}

interface Storm {
  start(): void;
  /** @returns connections per second, of those that came in. */
  came(): Promise<number>;
  close(): Promise<void>;
}

/** The gateway trusts the storm's tokens beside the real ones. */
async function prepareStorm(perS: number, seconds: number, env: Record<string, string>): Promise<Storm> {
  const trust = await openTrust(await freePort(), env["GATEWAY_IDENTITY_URL"]);
  env["GATEWAY_IDENTITY_URL"] = trust.url;
  env["GATEWAY_CONNECTIONS_MAX"] = "100000";
  const count = Math.min(STORM_CONNECTIONS_MAX, perS > 0 ? perS * seconds : Infinity);
  const tokens = await Promise.all(Array.from({ length: count }, () => trust.token()));
  let raging: OpenConnections | undefined;
  return {
    start() {
      raging = openConnections(`127.0.0.1:${env["GATEWAY_PORT"]}`, tokens, perS);
    },
    async came() {
      const all = await raging?.opened;
      return (all?.opened ?? 0) / (all?.seconds ?? 1);
    },
    async close() {
      raging?.end();
      await trust.close();
    },
  };
}

async function environment(
  ports: ReturnType<typeof portsFrom>,
  adminUrl: string,
  matches: number,
): Promise<Record<string, string>> {
  const urls = await provision({
    adminUrl,
    suffix: "bench",
    passwordOf: () => "bench",
  });
  const env: Record<string, string> = {
    ...(process.env as Record<string, string>),
    ...createEnvironment(ports),
    IDENTITY_ACCOUNTS_PER_ADDRESS_BURST: "1000000", // all players come from one address here
    ...databaseVariables(urls),
    MATCHMAKER_MODES: JSON.stringify({ duel: { game: "duel", seats: 2, options: { rounds: 9, roundTicks: 9000 } } }),
    SHARD_MATCHES_MAX: String(matches + 10),
    SHARD_JOIN_WITHIN_MS: "60000",
    SHARD_DRAIN_WITHIN_MS: "0",
    GATEWAY_SPECTATOR_DELAY_MS: "0",
    GATEWAY_UNAUTHENTICATED_MAX: "100000",
    GATEWAY_UNAUTHENTICATED_PER_ADDRESS_MAX: "100000", // all come from here
    GATEWAY_CONNECTIONS_PER_ADDRESS_MAX: "100000",
    LOG_LEVEL: "warn",
  };
  for (const { name } of databaseServices()) {
    const run = spawnSync(paths.node, ["src/migrate.ts"], {
      cwd: path.join(paths.root, "services", name),
      env,
      encoding: "utf8",
    });
    if (run.status !== 0) throw new Error(`the migration of ${name} failed:\n${run.stderr}`);
  }
  return env;
}

async function untilHealthy(edgeUrl: string): Promise<void> {
  const deadline = performance.now() + HEALTHY_WITHIN_MS;
  let last = "";
  while (performance.now() < deadline) {
    try {
      const response = await fetch(`${edgeUrl}/system/healthz`);
      if (response.ok) return;
      last = await response.text();
    } catch (err) {
      last = String(err);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`not healthy: ${last}`);
}

async function said(process: Pinned, word: string): Promise<void> {
  while (!process.lines.includes(word)) {
    if (!process.child.running) throw new Error(`the load ended early:\n${process.lines.join("\n")}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Cumulative counts of the shard's tick lateness by upper bound in seconds. */
async function lateBuckets(env: Record<string, string>): Promise<[number, number][]> {
  const text = await (await fetch(`http://127.0.0.1:${env["SHARD_ADMIN_PORT"]}/metrics`)).text();
  return [...text.matchAll(/^shard_tick_late_seconds_bucket\{[^}]*le="([^"]+)"[^}]*\} (\d+)$/gm)].map((match) => [
    match[1] === "+Inf" ? Infinity : Number(match[1]),
    Number(match[2]),
  ]);
}

/** Linear within its bucket, as Prometheus does. */
function quantileMs(before: [number, number][], after: [number, number][], q: number): number {
  const counts = after.map(([bound, count], i) => [bound, count - (before[i]?.[1] ?? 0)] as const);
  const wanted = (counts.at(-1)?.[1] ?? 0) * q;
  let [low, below] = [0, 0];
  for (const [bound, count] of counts) {
    if (count >= wanted)
      return bound === Infinity
        ? low * 1000
        : (low + ((bound - low) * (wanted - below)) / Math.max(1, count - below)) * 1000;
    [low, below] = [bound, count];
  }
  return low * 1000;
}
