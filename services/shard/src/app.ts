import { keysOf } from "@muster/config";
import { MatchService } from "@muster/contracts/match/v2";
import { MatchmakingService } from "@muster/contracts/matchmaking/v2";
import { createLogger, type Logger } from "@muster/log";
import { GAMES } from "@muster/modes";
import type { Game } from "@muster/game-kit";
import { createRpcClient } from "@muster/rpc";
import { type App, composeProcess, createMetrics, measureBounded } from "@muster/runtime";
import { type AdminServer, createAdminServer } from "@muster/service";
import { SeatTicketOpener } from "@muster/tokens";
import { v7 as uuidv7 } from "uuid";
import { createAllocationSession } from "./allocation.ts";
import type { Config } from "./config.ts";
import { Inputs } from "./inputs.ts";
import { createLeases } from "./leases.ts";
import { createLinkServer, type LinkServer } from "./link-server.ts";
import { Matches } from "./matches.ts";
import { createShardMetrics, type ShardMetrics } from "./metrics.ts";
import { Results } from "./results.ts";
import { type Clock, Scheduler } from "./scheduler.ts";
import { SeatReports } from "./seat-reports.ts";
import { SnapshotPace } from "./snapshot-pace.ts";
import { StepWatch } from "./step-watch.ts";

export interface Overrides {
  readonly log?: Logger;
  readonly games?: ReadonlyMap<string, Game>;
}

export interface ShardApp extends App {
  readonly admin: AdminServer;
  readonly links: LinkServer;
  readonly matches: Matches;
}

const MATCH_CALL_TIMEOUT_MS = 3000;
const RESULTS_FLUSH_MS = 10_000;
/** A match that was taken over and whose gateways hand no log over is lost. */
const LOG_WITHIN_MS = 5000;

const clock: Clock = {
  now: () => performance.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, ms);
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Builds the whole service and starts nothing. */
export function createApp(config: Config, overrides: Overrides = {}): ShardApp {
  const shardId = uuidv7();
  const log = (overrides.log ?? createLogger("shard", config.logLevel)).child({ shardId });
  const games = overrides.games ?? GAMES;
  const registry = createMetrics("shard");
  const matchClient = createRpcClient({
    service: MatchService,
    metrics: registry,
    baseUrl: config.shardMatchUrl,
    timeoutMs: MATCH_CALL_TIMEOUT_MS,
  });
  const matchmakerClient = createRpcClient({
    service: MatchmakingService,
    metrics: registry,
    baseUrl: config.shardMatchmakerUrl,
    timeoutMs: MATCH_CALL_TIMEOUT_MS,
  });
  const metrics: ShardMetrics = createShardMetrics(
    registry,
    () => matches.size,
    () => results.pending,
    () => pace.ticksPerSnapshot,
  );
  const results = new Results(shardId, matchClient.call, metrics, log);
  const pace = new SnapshotPace({
    now: clock.now,
    matches: () => matches.size,
    onChange(ticksPerSnapshot, lateShare) {
      log.warn({ ticksPerSnapshot, lateShare, matches: matches.size }, "snapshots are sent at another pace");
    },
  });
  const scheduler = new Scheduler(clock, {
    lateMs(ms) {
      metrics.lateMs(ms);
      pace.began(ms);
    },
    skipped: metrics.skipped,
  });
  const times = {
    joinWithinMs: config.shardJoinWithinMs,
    graceMs: config.shardGraceMs,
    keyframeEveryTicks: config.shardKeyframeEveryTicks,
  };
  const adoption = { othersWithinMs: config.shardHandoverWithinMs, logWithinMs: LOG_WITHIN_MS };
  const watch = new StepWatch({
    matchesMax: config.shardMatchesMax,
    budgetMs: config.shardStepBudgetMs,
    stuckMs: config.shardStuckMs,
    heapShareMax: config.shardHeapPercentMax / 100,
    matchUrl: config.shardMatchUrl,
    shardId,
  });
  const inputs = new Inputs();
  const seatReports = new SeatReports(config.shardPlayedAfterMs);
  const matches = new Matches({
    matchesMax: config.shardMatchesMax,
    times,
    playedAfterMs: config.shardPlayedAfterMs,
    adoption,
    scheduler,
    results,
    watch,
    inputs,
    pace,
    seatReports,
    metrics,
    log,
  });
  measureBounded(registry, matches.bounded);
  const leases = createLeases({
    shardId,
    everyMs: config.shardLeaseRenewMs,
    held: () => [...matches.heldIds, ...results.pendingIds],
    lost: (matchId, reason) => matches.lost(matchId, reason),
    matches: matchClient.call,
    metrics,
    log,
  });
  const links = createLinkServer(
    { host: config.shardHost, port: config.shardLinkPort },
    {
      shardId,
      linkKeys: keysOf(config.shardLinkKey),
      matches,
      inputs,
      seatTickets: new SeatTicketOpener(config.shardSeatTicketKey),
      metrics,
      now: Date.now,
      log,
    },
  );
  const allocation = createAllocationSession({
    shardId,
    region: config.shardRegion,
    capacity: config.shardMatchesMax,
    linkAddress: () => (config.shardLinkAddress === "auto" ? links.address : config.shardLinkAddress),
    games,
    matchmaker: matchmakerClient.call,
    matches,
    seatReports,
    log,
  });
  const admin = createAdminServer({
    host: config.shardHost,
    port: config.shardAdminPort,
    metrics: registry,
    log,
    ready: {},
    peers: { matchmaker: allocation.check, match: matchClient.check },
  });
  const ticking = { name: "scheduler", stop: async () => scheduler.stop() };
  const resultQueue = { name: "results", stop: () => results.flush(RESULTS_FLUSH_MS) };
  const draining = {
    name: "draining",
    async stop() {
      const drained = matches.drain(config.shardDrainWithinMs);
      allocation.report();
      await drained;
    },
  };
  // Stopped from the last to the first: drain, leave the matchmaker, cut the links, store the results, let the leases go.
  return Object.assign(
    composeProcess(admin, [
      matchClient,
      matchmakerClient,
      watch,
      leases,
      resultQueue,
      ticking,
      links,
      allocation,
      draining,
    ]),
    { admin, links, matches },
  );
}
