import { ChatService } from "@muster/contracts/chat/v2";
import { MatchService } from "@muster/contracts/match/v2";
import { createDatabase, type DbPart, waitForSchema } from "@muster/db";
import { createLogger, type Logger } from "@muster/log";
import { createRpcClient, createRpcServer, type RpcServer } from "@muster/rpc";
import { type App, composeProcess, createMetrics } from "@muster/runtime";
import { type AdminServer, createAdminServer } from "@muster/service";
import { Counter, Gauge } from "prom-client";
import { CallLimits } from "./call-limits.ts";
import { PlayerRates } from "./player-rates.ts";
import type { Config } from "./config.ts";
import { createDelivery } from "./delivery/delivery.ts";
import { migrations } from "./migrations/index.ts";
import { createPosting } from "./posting.ts";
import type { Rate } from "./rate.ts";
import { chatRpc } from "./rpc.ts";
import type { Tables } from "./schema.ts";
import { type Aside, Turns } from "./turns.ts";

export interface Overrides {
  readonly log?: Logger;
  readonly now?: () => Date;
}

export interface ChatApp extends App {
  readonly rpc: RpcServer;
  readonly admin: AdminServer;
}

const CALL_TIMEOUT_MS = 2000;
/** Of the pool: calls leave them to what delivery reads. */
const DELIVERY_CONNECTIONS = 2;

/** Builds the whole service and starts nothing. */
export function createApp(config: Config, overrides: Overrides = {}): ChatApp {
  const log = overrides.log ?? createLogger("chat-service", config.logLevel);
  const now = overrides.now ?? (() => new Date());
  const metrics = createMetrics("chat-service");
  const database: DbPart<Tables> = createDatabase<Tables>({
    url: config.chatDbUrl,
    poolMax: config.dbPoolMax,
    acquireTimeoutMs: config.dbAcquireTimeoutMs,
    statementTimeoutMs: config.dbStatementTimeoutMs,
  });
  const { db } = database;
  const matches = createRpcClient({
    service: MatchService,
    metrics,
    baseUrl: config.chatMatchUrl,
    timeoutMs: CALL_TIMEOUT_MS,
  });
  const delivery = createDelivery({
    db,
    tailEveryMs: config.chatTailEveryMs,
    invitationMs: config.chatInvitationS * 1000,
    now,
    log,
  });
  new Gauge({
    name: "chat_gateway_streams",
    help: "Gateways that messages are delivered to",
    registers: [metrics],
    collect() {
      this.set(delivery.streams);
    },
  });
  const perHour = (count: number, burst: number): Rate => ({ everyMs: 3_600_000 / count, burst });
  const networkShare = config.chatDirectsOfNetworkPercent / 100;
  const limits = {
    roomMembersMax: config.chatRoomMembersMax,
    roomsOwnedMax: config.chatRoomsOwnedMax,
    invitationsMax: config.chatInvitationsMax,
    invitationMs: config.chatInvitationS * 1000,
    directs: {
      opener: perHour(config.chatDirectsPerHour, config.chatDirectBurst),
      target: perHour(config.chatDirectsToPlayerPerHour, config.chatDirectToPlayerBurst),
      network: perHour(
        config.chatDirectsToPlayerPerHour * networkShare,
        Math.max(1, Math.floor(config.chatDirectToPlayerBurst * networkShare)),
      ),
    },
  };
  const refused = new Counter({
    name: "chat_calls_refused_total",
    help: "Calls beyond what one player may ask, refused before any work",
    registers: [metrics],
  });
  const callLimits = new CallLimits({
    rate: { everyMs: 1000 / config.chatCallsPerS, burst: config.chatCallBurst },
    atOnce: config.chatCallsAtWorkMax,
    atOnceOfAll: Math.max(1, config.dbPoolMax - DELIVERY_CONNECTIONS),
    now,
    onRefused: () => refused.inc(),
  });
  const aside: Aside = (waiting) => callLimits.elsewhere(waiting);
  const posting = createPosting({
    db,
    now,
    rate: { everyMs: 60_000 / config.chatMessagesPerMin, burst: config.chatMessageBurst },
    aside,
    bodyCharsMax: config.chatMessageCharsMax,
    editWindowS: config.chatEditWindowS,
    onCommitted: () => delivery.poke(),
  });
  new Gauge({
    name: "chat_calls_waiting",
    help: "Calls that wait for their turn, behind calls of the same player or of all",
    registers: [metrics],
    collect() {
      this.set(callLimits.waiting);
    },
  });
  const changeRates = new PlayerRates(
    { everyMs: 60_000 / config.chatChangesPerMin, burst: config.chatChangeBurst },
    now,
  );
  const strangers = new Turns(aside);
  const parts = { db, matches: matches.call, posting, delivery, callLimits, changeRates, strangers, limits, now };
  const rpc = createRpcServer({
    host: config.chatHost,
    port: config.chatGrpcPort,
    routes: (router) => router.service(ChatService, chatRpc(parts)),
    log,
    metrics,
  });
  const admin = createAdminServer({
    host: config.chatHost,
    port: config.chatAdminPort,
    metrics,
    log,
    ready: { database: database.check },
    peers: { match: matches.check },
  });
  const schema = { name: "schema", start: () => waitForSchema(db, migrations, { withinMs: config.dbWaitMs, log }) };
  const streams = { name: "gateway streams", stop: async () => delivery.stop?.() };
  return Object.assign(composeProcess(admin, [database, schema, matches, delivery, rpc, streams]), { rpc, admin });
}
