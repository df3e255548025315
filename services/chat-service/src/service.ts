import { createAuditLog, createAuditWatch } from "@muster/audit";
import { ChatService } from "@muster/contracts/chat/v2";
import { MatchService } from "@muster/contracts/match/v2";
import { DEPENDENCIES } from "@muster/resilience";
import { createRpcClient } from "@muster/rpc";
import { collectedGauge } from "@muster/runtime";
import { type DatabaseComposition, type DatabaseContext, defineDatabaseService } from "@muster/service/database";
import { Counter } from "prom-client";
import { type AuditAction, chatSealer } from "./audit.ts";
import { CallLimits } from "./call-limits.ts";
import { PlayerRates } from "./player-rates.ts";
import { type Config, configuration } from "./config.ts";
import { createDelivery } from "./delivery/delivery.ts";
import { migrations } from "./migrations/index.ts";
import { adoptModerationLog } from "./adopt-moderation-log.ts";
import { createPosting } from "./posting.ts";
import type { Rate } from "./rate.ts";
import { retentionRules } from "./retention.ts";
import { chatRpc } from "./rpc.ts";
import type { RpcParts } from "./rpc/parts.ts";
import type { Tables } from "./schema.ts";
import { type Aside, KeyQueues } from "./key-queues.ts";

/** Of the pool: calls leave them to what delivery reads. */
const DELIVERY_CONNECTIONS = 2;

export const service = defineDatabaseService({ name: "chat-service", configuration, migrations, compose });

function compose({ config, db, now, metrics, log }: DatabaseContext<Config, Tables>): DatabaseComposition {
  const matches = createRpcClient({
    service: MatchService,
    metrics,
    baseUrl: config.matchUrl,
    dependency: DEPENDENCIES["chat-service"]["match-service"],
    log,
  });
  const sealer = chatSealer(config.auditKey);
  const audit = createAuditLog<AuditAction>(sealer);
  const delivery = createDelivery({
    db,
    tailEveryMs: config.tailEveryMs,
    log,
  });
  collectedGauge(metrics, "chat_gateway_streams", "Gateways to which messages are delivered", () => delivery.streams);
  const refused = new Counter({
    name: "chat_calls_refused_total",
    help: "Calls refused at once because a player exceeded its limits",
    registers: [metrics],
  });
  const callLimits = new CallLimits({
    rate: { everyMs: 1000 / config.callsPerS, burst: config.callBurst },
    atOnce: config.callsAtWorkMax,
    atOnceOfAll: Math.max(1, config.dbPoolMax - DELIVERY_CONNECTIONS),
    now,
    onRefused: () => refused.inc(),
  });
  const aside: Aside = (waiting) => callLimits.elsewhere(waiting);
  const posting = createPosting({
    db,
    now,
    rate: { everyMs: 60_000 / config.messagesPerMin, burst: config.messageBurst },
    aside,
    bodyCharsMax: config.messageCharsMax,
    editWindowS: config.editWindowS,
    audit,
    onCommitted: () => delivery.wake(),
  });
  collectedGauge(
    metrics,
    "chat_calls_waiting",
    "Calls that wait for other calls of the same player, or of all players",
    () => callLimits.waiting,
  );
  const changeRates = new PlayerRates({ everyMs: 60_000 / config.changesPerMin, burst: config.changeBurst }, now);
  const strangers = new KeyQueues(aside);
  const parts = {
    db,
    matches: matches.call,
    posting,
    delivery,
    audit,
    callLimits,
    changeRates,
    strangers,
    limits: limitsOf(config),
    now,
  };
  return {
    routes: (router) => router.service(ChatService, chatRpc(parts)),
    beforeRpc: [matches, delivery, createAuditWatch({ database: db, sealer, metrics, log })],
    retention: [
      ...retentionRules(db, now, config.invitationS * 1000),
      () => adoptModerationLog(db, audit, now), // of instances of the release before
    ],
    afterRpc: [{ name: "gateway streams", stop: async () => delivery.stop?.() }],
    peers: { match: matches.check },
  };
}

function limitsOf(config: Config): RpcParts["limits"] {
  const perHour = (count: number, burst: number): Rate => ({ everyMs: 3_600_000 / count, burst });
  const networkShare = config.directsOfNetworkPercent / 100;
  return {
    roomMembersMax: config.roomMembersMax,
    roomsOwnedMax: config.roomsOwnedMax,
    invitationsMax: config.invitationsMax,
    invitationMs: config.invitationS * 1000,
    directs: {
      opener: perHour(config.directsPerHour, config.directBurst),
      target: perHour(config.directsToPlayerPerHour, config.directToPlayerBurst),
      network: perHour(
        config.directsToPlayerPerHour * networkShare,
        Math.max(1, Math.floor(config.directToPlayerBurst * networkShare)),
      ),
    },
  };
}
