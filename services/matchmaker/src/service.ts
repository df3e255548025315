import { MatchService } from "@muster/contracts/match/v2";
import { MatchmakingService } from "@muster/contracts/matchmaking/v2";
import { DEPENDENCIES } from "@muster/resilience";
import { createRpcClient, createRpcServer, type RpcServer } from "@muster/rpc";
import { createLoadControl, measureBounded } from "@muster/runtime";
import { type Composition, defineService, type ServiceContext } from "@muster/service";
import { SeatTicketSealer } from "@muster/tokens";
import { Admission } from "./queue/admission.ts";
import { type Config, configuration } from "./config.ts";
import { HeldSeats } from "./placement/held-seats.ts";
import { createMatching } from "./queue/matching-loop.ts";
import { createMatchmakerMetrics } from "./metrics.ts";
import { PausedQueues } from "./queue/paused-queues.ts";
import { PracticeQuotas } from "./queue/practice-quotas.ts";
import { Records } from "./placement/records.ts";
import { FailoverConductor } from "./failover-conductor.ts";
import { matchmakingRpc } from "./rpc.ts";
import { PeerSessions } from "./placement/peer-sessions.ts";
import { Shards } from "./placement/shards.ts";
import { Tickets } from "./queue/tickets.ts";

export const service = defineService({ name: "matchmaker", configuration, compose });

function compose(context: ServiceContext<Config>): Composition<{ readonly rpc: RpcServer }> {
  const { config, log, metrics: registry, nowMs: now } = context;
  const modes = config.modes;
  const matchClient = createRpcClient({
    service: MatchService,
    metrics: registry,
    baseUrl: config.matchUrl,
    dependency: DEPENDENCIES.matchmaker["match-service"],
    log,
  });
  const sessions = new PeerSessions();
  const shards = new Shards();
  const seats = new HeldSeats();
  const tickets = new Tickets({
    modes,
    rules: {
      windowPoints: config.windowPoints,
      windowPointsPerS: config.windowPointsPerS,
      regionPoints: config.regionPoints,
    },
    queueMax: config.queueMax,
    log,
  });
  const practiceShare = config.practicePercentMax / 100;
  const paused = new PausedQueues({
    modes,
    shards,
    practiceShare,
    onChange(queues) {
      log.warn({ queues }, "the queues in which nobody can be paired have changed");
      sessions.toGateways({ message: { case: "paused", value: { queues } } });
    },
  });
  const metrics = createMatchmakerMetrics(registry, Object.keys(modes), { tickets, sessions, seats, paused });
  const admission = new Admission({
    modes,
    tickets,
    seats,
    practice: new PracticeQuotas(),
    sessions,
    sealer: new SeatTicketSealer(config.seatTicketKey),
    seatTicketTtlS: config.seatTicketTtlS,
    joinWithinMs: config.joinWithinMs,
    metrics,
    wakeMatching: () => matching.wake(),
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
      allocateTimeoutMs: config.allocateTimeoutMs,
      practiceShare,
      paused,
      now,
      log,
    },
    metrics,
    log,
  );
  const failover = new FailoverConductor({
    shards,
    sessions,
    matches: matchClient.call,
    allocateTimeoutMs: config.allocateTimeoutMs,
    metrics,
    over: (matchId) => admission.over(matchId),
    neverBegun: (matchId) => seats.neverBegun(matchId),
    now,
    log,
  });
  measureBounded(registry, { ...admission.bounded, ...failover.bounded });
  const load = createLoadControl(config, registry);
  const rpc = createRpcServer({
    host: config.host,
    port: config.grpcPort,
    shedder: load.shedder("calls"),
    routes: (router) =>
      router.service(
        MatchmakingService,
        matchmakingRpc({
          matchmakerId: context.instanceId,
          modes,
          tickets,
          shards,
          sessions,
          admission,
          seats,
          matching,
          paused,
          failover,
          now,
          log,
        }),
      ),
    log,
    metrics: registry,
  });
  const streams = { name: "streams", stop: async () => sessions.closeAll() };
  return {
    components: [matchClient, records, load, rpc, streams, admission, matching, failover],
    peers: {
      shards: () => (shards.size > 0 ? undefined : "no shard is connected"),
      gateways: () => (sessions.gateways.size > 0 ? undefined : "no gateway is connected"),
      match: matchClient.check,
    },
    exposes: { rpc },
  };
}
