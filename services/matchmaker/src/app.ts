import { MatchService } from "@muster/contracts/match/v2";
import { MatchmakingService } from "@muster/contracts/matchmaking/v2";
import { createLogger, type Logger } from "@muster/log";
import { createRpcClient, createRpcServer, type RpcServer } from "@muster/rpc";
import { type App, composeProcess, createMetrics, measureBounded } from "@muster/runtime";
import { type AdminServer, createAdminServer } from "@muster/service";
import { SeatTicketSealer } from "@muster/tokens";
import { v7 as uuidv7 } from "uuid";
import { Admission } from "./admission.ts";
import type { Config } from "./config.ts";
import { HeldSeats } from "./held-seats.ts";
import { createMatching } from "./matching.ts";
import { createMatchmakerMetrics } from "./metrics.ts";
import { PracticeQuotas } from "./practice-quotas.ts";
import { Records } from "./records.ts";
import { createRelocation } from "./relocation.ts";
import { matchmakingRpc } from "./rpc.ts";
import { Sessions } from "./sessions.ts";
import { Shards } from "./shards.ts";
import { Tickets } from "./tickets.ts";

export interface Overrides {
  readonly log?: Logger;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

export interface MatchmakerApp extends App {
  readonly rpc: RpcServer;
  readonly admin: AdminServer;
}

const MATCH_CALL_TIMEOUT_MS = 2000;

/** Builds the whole service and starts nothing. */
export function createApp(config: Config, overrides: Overrides = {}): MatchmakerApp {
  const log = overrides.log ?? createLogger("matchmaker", config.logLevel);
  const now = overrides.now ?? Date.now;
  const registry = createMetrics("matchmaker");
  const modes = config.matchmakerModes;
  const matchClient = createRpcClient({
    service: MatchService,
    metrics: registry,
    baseUrl: config.matchmakerMatchUrl,
    timeoutMs: MATCH_CALL_TIMEOUT_MS,
  });
  const sessions = new Sessions();
  const shards = new Shards();
  const seats = new HeldSeats();
  const tickets = new Tickets({
    modes,
    rules: {
      windowPoints: config.matchmakerWindowPoints,
      windowPointsPerS: config.matchmakerWindowPointsPerS,
      regionPoints: config.matchmakerRegionPoints,
    },
    queueMax: config.matchmakerQueueMax,
    log,
  });
  const metrics = createMatchmakerMetrics(registry, Object.keys(modes), tickets, sessions, seats);
  const admission = new Admission({
    modes,
    tickets,
    seats,
    practice: new PracticeQuotas(),
    sessions,
    sealer: new SeatTicketSealer(config.matchmakerSeatTicketKey),
    seatTicketTtlS: config.matchmakerSeatTicketTtlS,
    joinWithinMs: config.matchmakerJoinWithinMs,
    metrics,
    poke: () => matching.poke(),
    now,
    log,
  });
  const records = new Records({ matches: matchClient.call, metrics, log });
  const matching = createMatching(
    {
      modes,
      tickets,
      shards,
      sessions,
      records,
      admission,
      allocateTimeoutMs: config.matchmakerAllocateTimeoutMs,
      practiceShare: config.matchmakerPracticePercentMax / 100,
      now,
      log,
    },
    metrics,
    log,
  );
  const relocation = createRelocation({
    shards,
    sessions,
    matches: matchClient.call,
    allocateTimeoutMs: config.matchmakerAllocateTimeoutMs,
    metrics,
    over: (matchId) => admission.over(matchId),
    neverBegun: (matchId) => seats.neverBegun(matchId),
    now,
    log,
  });
  measureBounded(registry, { ...admission.bounded, ...relocation.bounded });
  const rpc = createRpcServer({
    host: config.matchmakerHost,
    port: config.matchmakerGrpcPort,
    routes: (router) =>
      router.service(
        MatchmakingService,
        matchmakingRpc({
          matchmakerId: uuidv7(),
          modes,
          tickets,
          shards,
          sessions,
          admission,
          seats,
          matching,
          relocation,
          now,
          log,
        }),
      ),
    log,
    metrics: registry,
  });
  const admin = createAdminServer({
    host: config.matchmakerHost,
    port: config.matchmakerAdminPort,
    metrics: registry,
    log,
    ready: {},
    peers: {
      shards: () => (shards.size > 0 ? undefined : "no shard is here"),
      gateways: () => (sessions.gateways.size > 0 ? undefined : "no gateway is here"),
      match: matchClient.check,
    },
  });
  const streams = { name: "streams", stop: async () => sessions.closeAll() };
  return Object.assign(composeProcess(admin, [matchClient, records, rpc, streams, admission, matching, relocation]), {
    rpc,
    admin,
  });
}
