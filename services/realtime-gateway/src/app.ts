import { randomInt } from "node:crypto";
import { keysOf } from "@muster/config";
import { ChatService } from "@muster/contracts/chat/v2";
import { IdentityService } from "@muster/contracts/identity/v2";
import { MatchService } from "@muster/contracts/match/v2";
import { MatchmakingService } from "@muster/contracts/matchmaking/v2";
import { createLogger, type Logger } from "@muster/log";
import { anyOf, createRpcClient } from "@muster/rpc";
import { type App, type AppPart, composeProcess, createMetrics, Limiter, measureBounded } from "@muster/runtime";
import { type AdminServer, createAdminServer } from "@muster/service";
import { SeatTicketOpener, TokenVerifier, trustFrom } from "@muster/tokens";
import { v7 as uuidv7 } from "uuid";
import { clientAddress, proxiesOf } from "./client-address.ts";
import { createChat } from "./chat.ts";
import type { Config } from "./config.ts";
import { Connection, type OwnedConnectionParts } from "./connection.ts";
import { Connections } from "./connections.ts";
import { ControlBudgets, ControlRates } from "./control-limits.ts";
import { ControlWork } from "./control-work.ts";
import { createGatewayMetrics } from "./metrics.ts";
import { createQueueing, type Queueing } from "./queueing.ts";
import { Ratings } from "./ratings.ts";
import { Seats } from "./seats.ts";
import { ShardLinks } from "./shard-links.ts";
import { socketEnd } from "./socket-ends.ts";
import { Spectators } from "./spectators.ts";
import { listen, type WsServer } from "./ws.ts";

export interface Overrides {
  readonly log?: Logger;
}

export interface GatewayApp extends App {
  readonly admin: AdminServer;
  readonly sockets: SocketPart;
}

export interface SocketPart extends AppPart {
  /** ws://…/v1/realtime, once started. */
  readonly url: string;
}

const CALL_TIMEOUT_MS = 2000;
const NONCES = 2 ** 32;
/** For whom too many sockets of one address have said nothing yet: they are closed within seconds. */
const ADDRESS_RETRY_S = 5;
/** At the limit: refused with chat_unavailable. A slow chat-service does not fill this process with calls. */
const CHAT_POSTS = { runningMax: 64, waitingMax: 512 };

/** Builds the whole service and starts nothing. */
export function createApp(config: Config, overrides: Overrides = {}): GatewayApp {
  const gatewayId = uuidv7();
  const log = (overrides.log ?? createLogger("realtime-gateway", config.logLevel)).child({ gatewayId });
  const registry = createMetrics("realtime-gateway");
  const identity = createRpcClient({
    service: IdentityService,
    metrics: registry,
    baseUrl: config.gatewayIdentityUrl,
    timeoutMs: CALL_TIMEOUT_MS,
  });
  const match = createRpcClient({
    service: MatchService,
    metrics: registry,
    baseUrl: config.gatewayMatchUrl,
    timeoutMs: CALL_TIMEOUT_MS,
  });
  const matchmaker = createRpcClient({
    service: MatchmakingService,
    metrics: registry,
    baseUrl: config.gatewayMatchmakerUrl,
    timeoutMs: CALL_TIMEOUT_MS,
  });
  const tokens = new TokenVerifier(trustFrom(identity.call), 0);
  const budgets = new ControlBudgets(new ControlRates(config.gatewayControlLimits));
  const work = new ControlWork({ now: () => performance.now(), nextTurn: setImmediate });
  const connections = new Connections({
    max: config.gatewayConnectionsMax,
    strangers: { max: config.gatewayStrangersMax, perAddressMax: config.gatewayStrangersPerAddressMax },
    reconnectSpreadMs: config.gatewayReconnectSpreadMs,
    budgets,
  });
  const metrics = createGatewayMetrics(registry, {
    connections: () => connections.size,
    authenticated: () => connections.authenticated,
    strangers: () => connections.strangers,
    links: () => links.size,
    unlinked: () => links.unlinked,
    logs: () => seats.followed,
    spectators: () => spectators.size,
    bufferedBytes: () => connections.bufferedBytes,
    staleSockets: () => connections.stale,
    trustAgeS: () => tokens.trustAgeS(),
    controlWaiting: () => work.waiting,
  });
  const seats: Seats = new Seats({
    linkTo: (address) => links.to(address),
    isCutOff: () => links.isCutOff,
    ask: (requests) => queueing.relocate(requests),
    spectators: () => spectators,
    metrics,
    log,
  });
  const spectators: Spectators = new Spectators({
    seats: () => seats,
    delayMs: config.gatewaySpectatorDelayMs,
    perMatchMax: config.gatewaySpectatorsMax,
    metrics,
    log,
  });
  const links: ShardLinks = new ShardLinks({
    gatewayId,
    linkKey: keysOf(config.gatewayLinkKey)[0],
    silentMs: config.gatewayShardSilentMs,
    events: seats,
    onLinked: (addresses) => queueing.linked(addresses),
    log,
  });
  const queueing: Queueing = createQueueing({
    gatewayId,
    matchmaker: matchmaker.call,
    onRelocated: (places) => seats.onRelocated(places),
    onShards: (addresses) => links.keep(addresses),
    linkedNow: () => links.linked,
    log,
  });
  const chatServices = config.gatewayChatUrls.map((baseUrl) =>
    createRpcClient({
      service: ChatService,
      metrics: registry,
      baseUrl,
      timeoutMs: CALL_TIMEOUT_MS,
      oneOfMany: config.gatewayChatUrls.length > 1,
    }),
  );
  const chat = createChat({ gatewayId, services: chatServices.map((service) => service.call), log });
  const ratings = new Ratings({ matches: match.call, onRating: (source) => metrics.rating(source), log });
  measureBounded(registry, ratings.bounded);
  const connectionParts: OwnedConnectionParts = {
    tokens,
    seatTickets: new SeatTicketOpener(config.gatewaySeatTicketKey),
    queueing,
    chatting: {
      chat,
      service: anyOf(chatServices.map((service) => service.call)),
      posting: new Limiter(CHAT_POSTS),
      log,
    },
    ratings,
    seats,
    spectators,
    budgets,
    work,
    metrics,
    log,
    now: Date.now,
    nonce: () => randomInt(NONCES),
    limits: {
      authWithinMs: config.gatewayAuthWithinMs,
      idleTimeoutMs: config.gatewayIdleTimeoutS * 1000,
      inputsPerS: config.gatewayInputsPerS,
      floodPerS: config.gatewayFloodPerS,
      staleMs: config.gatewayStaleMs,
      slowCloseMs: config.gatewaySlowCloseMs,
      inputsRefusedMax: config.gatewayInputsRefusedMax,
      spectatorDelayMs: config.gatewaySpectatorDelayMs,
    },
    onAuthenticated: (connection, playerId) => connections.identify(connection, playerId),
  };
  const sockets = socketPart(config, connections, connectionParts, log);
  const admin = createAdminServer({
    host: config.gatewayHost,
    port: config.gatewayAdminPort,
    metrics: registry,
    log,
    ready: {},
    peers: {
      matchmaker: queueing.check,
      identity: () => tokens.check() ?? identity.check(),
      match: match.check,
      chat: () => {
        const reasons = chatServices.map((service) => service.check()); // one of them is enough
        return reasons.includes(undefined) ? undefined : reasons[0];
      },
    },
  });
  const linkPart = { name: "shard links", stop: async () => (spectators.stopAll(), seats.stop(), links.closeAll()) };
  const app = composeProcess(admin, [
    identity,
    match,
    matchmaker,
    ...chatServices,
    tokens.watching(config.gatewayTrustEveryMs, log),
    queueing,
    chat,
    linkPart,
    connections,
    sockets,
  ]);
  return Object.assign(app, { admin, sockets });
}

function socketPart(config: Config, connections: Connections, parts: OwnedConnectionParts, log: Logger): SocketPart {
  const proxies = proxiesOf(config.gatewayTrustedProxies);
  let server: WsServer | undefined;
  return {
    name: "sockets",
    get url() {
      return `ws://${config.gatewayHost}:${server?.port}/v1/realtime`;
    },
    async start() {
      const {
        gatewayHost: host,
        gatewayPort: port,
        gatewayIdleTimeoutS: idleTimeoutS,
        gatewaySendBufferBytesMax: sendBufferBytesMax,
        gatewayGatherMs: gatherMs,
        gatewayRestMs: restMs,
      } = config;
      server = await listen<Connection>(
        { host, port, idleTimeoutS, sendBufferBytesMax, gatherMs, restMs },
        {
          admit(upgrade) {
            const address = clientAddress(upgrade, proxies);
            const refusal = connections.refusal(address);
            if (refusal === undefined) return { address };
            parts.metrics.upgradeRefused(refusal);
            return refusal === "address"
              ? { status: "429 Too Many Requests", retryAfterS: ADDRESS_RETRY_S }
              : { status: "503 Service Unavailable", retryAfterS: 1 };
          },
          open(socket, token, address) {
            const connection = new Connection(socket, parts, address);
            connections.add(connection);
            if (token !== undefined) connection.onToken(token);
            return connection;
          },
          message: (connection, bytes, isBinary) => connection.onMessage(bytes, isBinary),
          input: (connection, bytes, from, to) => connection.onInput(bytes, from, to),
          prefetch: (connection, depth) => connection.prefetch(depth),
          ping: (connection) => connection.onPing(),
          pong: (connection, payload) => connection.onPing(payload),
          drain: (connection) => connection.onDrain(),
          close(connection, code, words) {
            connections.remove(connection);
            connection.onClosed(socketEnd(code, words));
          },
        },
      );
      log.info({ host, port: server.port }, "accepting sockets");
    },
    async stop() {
      server?.close();
    },
  };
}
