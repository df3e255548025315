import { keysOf } from "@muster/config";
import { MatchService } from "@muster/contracts/match/v2";
import { MatchmakingService } from "@muster/contracts/matchmaking/v2";
import { GAMES } from "@muster/modes";
import type { Game } from "@muster/game-kit";
import { DEPENDENCIES } from "@muster/resilience";
import { createRpcClient } from "@muster/rpc";
import { measureBounded } from "@muster/runtime";
import { type Composition, defineService, type Overrides, type ServiceContext } from "@muster/service";
import { SeatTicketOpener } from "@muster/tokens";
import { createMatchmakerSession } from "./match/matchmaker-session.ts";
import { type Config, configuration } from "./config.ts";
import { CpuPressure } from "./tick/cpu-pressure.ts";
import { InputRings } from "./tick/input-rings.ts";
import { createLeases } from "./match/leases.ts";
import { createLinkServer, type LinkServer } from "./link/link-server.ts";
import { Matches } from "./match/matches.ts";
import { createShardMetrics, type ShardMetrics } from "./metrics.ts";
import { Results } from "./match/results.ts";
import { type Clock, Scheduler } from "./tick/scheduler.ts";
import { SeatReports } from "./match/seat-reports.ts";
import { SnapshotPace } from "./tick/snapshot-pace.ts";
import { prefetchTicks } from "./tick/prefetch.ts";
import type { TickingMatch } from "./tick/ticking-match.ts";
import { StepWatchdog } from "./tick/step-watchdog.ts";

interface ShardOverrides extends Overrides {
  readonly games?: ReadonlyMap<string, Game>;
}

interface Exposed {
  readonly links: LinkServer;
  readonly matches: Matches;
}

const RESULTS_FLUSH_MS = 10_000;
/** A match that is to be taken over is lost when no gateway transfers a log by then. */
const LOG_WITHIN_MS = 5000;

const clock: Clock = {
  now: () => performance.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, ms);
    return { cancel: () => clearTimeout(timer) };
  },
};

export const service = defineService({ name: "shard", configuration, instanceIdField: "shardId", compose });

function compose(context: ServiceContext<Config, ShardOverrides>): Composition<Exposed> {
  const { config, log, metrics: registry, instanceId: shardId } = context;
  const games = context.overrides.games ?? GAMES;
  const matchClient = createRpcClient({
    service: MatchService,
    metrics: registry,
    baseUrl: config.matchUrl,
    dependency: DEPENDENCIES.shard["match-service"],
    log,
  });
  const matchmakerClient = createRpcClient({
    service: MatchmakingService,
    metrics: registry,
    baseUrl: config.matchmakerUrl,
    dependency: DEPENDENCIES.shard.matchmaker,
    log,
  });
  const metrics: ShardMetrics = createShardMetrics(
    registry,
    () => matches.size,
    () => results.pending,
    () => pace.ticksPerSnapshot,
    () => pressure.overloaded,
  );
  const results = new Results(shardId, matchClient.call, metrics, log);
  const pace: SnapshotPace = new SnapshotPace({
    now: clock.now,
    matches: () => matches.size,
    onChange(ticksPerSnapshot, lateShare) {
      log.warn({ ticksPerSnapshot, lateShare, matches: matches.size }, "the snapshot rate has changed");
    },
  });
  const pressure: CpuPressure = new CpuPressure({
    busyShareMax: config.busyPercentMax / 100,
    lateShareMax: config.lateTicksPercentMax / 100,
    onChange(overloaded, shares) {
      log.warn(
        { overloaded, ...shares, matches: matches.size },
        "whether there is time for further matches has changed",
      );
      matchmakerSession.report();
    },
  });
  const scheduler = new Scheduler<TickingMatch>(
    clock,
    {
      lateMs(ms) {
        metrics.lateMs(ms);
        pace.began(ms);
        pressure.began(ms);
      },
      skipped: metrics.skipped,
    },
    prefetchTicks,
  );
  const times = {
    joinWithinMs: config.joinWithinMs,
    graceMs: config.graceMs,
    keyframeEveryTicks: config.keyframeEveryTicks,
  };
  const takeover = { othersWithinMs: config.logTransferWithinMs, logWithinMs: LOG_WITHIN_MS };
  const watchdog = new StepWatchdog({
    matchesMax: config.matchesMax,
    budgetMs: config.stepBudgetMs,
    stuckMs: config.stuckMs,
    heapShareMax: config.heapPercentMax / 100,
    matchUrl: config.matchUrl,
    shardId,
  });
  const inputs = new InputRings();
  const seatReports = new SeatReports(config.playedAfterMs);
  const matches: Matches = new Matches({
    matchesMax: config.matchesMax,
    times,
    playedAfterMs: config.playedAfterMs,
    takeover,
    scheduler,
    results,
    watchdog,
    inputs,
    pace,
    seatReports,
    metrics,
    log,
  });
  measureBounded(registry, matches.bounded);
  const leases = createLeases({
    shardId,
    everyMs: config.leaseRenewMs,
    held: () => [...matches.heldIds, ...results.pendingIds],
    lost: (matchId, reason) => matches.lost(matchId, reason),
    matches: matchClient.call,
    metrics,
    log,
  });
  const links = createLinkServer(
    { host: config.host, port: config.linkPort },
    {
      shardId,
      linkKeys: keysOf(config.linkKey),
      matches,
      inputs,
      seatTickets: new SeatTicketOpener(config.seatTicketKey),
      metrics,
      now: context.nowMs,
      log,
    },
  );
  const matchmakerSession = createMatchmakerSession({
    shardId,
    region: config.region,
    capacity: config.matchesMax,
    linkAddress: () => (config.linkAddress === "auto" ? links.address : config.linkAddress),
    games,
    matchmaker: matchmakerClient.call,
    matches,
    seatReports,
    overloaded: () => pressure.overloaded,
    log,
  });
  const ticking = { name: "scheduler", stop: async () => scheduler.stop() };
  const resultQueue = { name: "results", stop: () => results.flush(RESULTS_FLUSH_MS) };
  const draining = {
    name: "draining",
    async stop() {
      const drained = matches.drain(config.drainWithinMs);
      matchmakerSession.report();
      await drained;
    },
  };
  // Stopped from the last to the first: drain, leave the matchmaker, cut the links, store the results, let the leases go.
  return {
    components: [
      matchClient,
      matchmakerClient,
      watchdog,
      leases,
      resultQueue,
      ticking,
      links,
      pressure,
      matchmakerSession,
      draining,
    ],
    peers: { matchmaker: matchmakerSession.check, match: matchClient.check },
    exposes: { links, matches },
  };
}
