import { randomInt } from "node:crypto";
import { keysOf } from "@muster/config";
import { ChatService } from "@muster/contracts/chat/v2";
import { IdentityService } from "@muster/contracts/identity/v2";
import { RatingService } from "@muster/contracts/rating/v2";
import { MatchmakingService } from "@muster/contracts/matchmaking/v2";
import type { Logger } from "@muster/log";
import { DEPENDENCIES } from "@muster/resilience";
import { failoverClient, createRpcClient } from "@muster/rpc";
import { type Component, Limiter, measureBounded } from "@muster/runtime";
import { type Composition, defineService, type ServiceContext } from "@muster/service";
import { SeatTicketOpener, TokenVerifier, revocationFeedFrom } from "@muster/tokens";
import { clientAddress, proxiesOf } from "./connection/client-address.ts";
import { createChatStream } from "./chat/chat-stream.ts";
import { type Config, configuration } from "./config.ts";
import { Connection, type OwnedConnectionParts } from "./connection/connection.ts";
import { readInputsAhead } from "./connection/read-ahead.ts";
import { Connections } from "./connection/connections.ts";
import { ControlBudgets, ControlRates } from "./connection/control-limits.ts";
import { ControlWork } from "./connection/control-work.ts";
import { createGatewayMetrics } from "./metrics.ts";
import { createMatchmakingSession, type MatchmakingSession } from "./matchmaking/matchmaking-session.ts";
import { Ratings } from "./matchmaking/ratings.ts";
import { MatchRegistry } from "./matches/registry.ts";
import { ShardLinks } from "./shards/shard-links.ts";
import { socketEnd } from "./connection/socket-ends.ts";
import { listen, type WsServer } from "./connection/ws.ts";

export interface SocketComponent extends Component {
  /** ws://…/v1/realtime, once started. */
  readonly url: string;
}

const NONCES = 2 ** 32;
/** For whom too many sockets of one address have said nothing yet: they are closed within seconds. */
const ADDRESS_RETRY_S = 5;
/** At the limit: refused with chat_unavailable. A slow chat-service does not fill this process with calls. */
const CHAT_POSTS = { runningMax: 64, waitingMax: 512 };

export const service = defineService({
  name: "realtime-gateway",
  configuration,
  instanceIdField: "gatewayId",
  compose,
});

function compose(context: ServiceContext<Config>): Composition<{ readonly sockets: SocketComponent }> {
  const { config, log, metrics: registry, instanceId: gatewayId } = context;
  const rows = DEPENDENCIES["realtime-gateway"];
  const identity = createRpcClient({
    service: IdentityService,
    metrics: registry,
    baseUrl: config.identityUrl,
    dependency: rows["identity-service"],
    log,
  });
  const rating = createRpcClient({
    service: RatingService,
    metrics: registry,
    baseUrl: config.ratingUrl,
    dependency: rows["rating-service"],
    log,
  });
  const matchmaker = createRpcClient({
    service: MatchmakingService,
    metrics: registry,
    baseUrl: config.matchmakerUrl,
    dependency: rows.matchmaker,
    log,
  });
  const tokens = new TokenVerifier(revocationFeedFrom(identity.call), 0);
  const budgets = new ControlBudgets(new ControlRates(config.controlLimits));
  const work = new ControlWork({ now: () => performance.now(), nextTurn: setImmediate });
  const connections = new Connections({
    max: config.connectionsMax,
    perAddressMax: config.connectionsPerAddressMax,
    unauthenticated: { max: config.unauthenticatedMax, perAddressMax: config.unauthenticatedPerAddressMax },
    reconnectSpreadMs: config.reconnectSpreadMs,
    budgets,
  });
  const metrics = createGatewayMetrics(registry, {
    connections: () => connections.size,
    authenticated: () => connections.authenticated,
    unauthenticated: () => connections.unauthenticated,
    links: () => links.size,
    unlinked: () => links.unlinked,
    logs: () => matches.followed,
    spectators: () => matches.spectators,
    bufferedBytes: () => connections.bufferedBytes,
    staleSockets: () => connections.stale,
    revocationFeedAgeS: () => tokens.revocationFeedAgeS(),
    controlWaiting: () => work.waiting,
  });
  const matches: MatchRegistry = new MatchRegistry({
    linkTo: (address) => links.to(address),
    isCutOff: () => links.isCutOff,
    ask: (requests) => matchmaking.relocate(requests),
    spectators: { delayMs: config.spectatorDelayMs, perMatchMax: config.spectatorsMax },
    metrics,
    log,
  });
  const links: ShardLinks = new ShardLinks({
    gatewayId,
    dependency: rows.shard.links,
    linkKey: keysOf(config.linkKey)[0],
    suspectAfterMs: config.shardSuspectAfterMs,
    events: matches,
    onLinked: (addresses) => matchmaking.linked(addresses),
    log,
  });
  const matchmaking: MatchmakingSession = createMatchmakingSession({
    gatewayId,
    matchmaker: matchmaker.call,
    onRelocated: (relocated) => matches.onRelocated(relocated),
    onShards: (addresses) => links.keep(addresses),
    linkedNow: () => links.linked,
    load: () => ({
      connections: connections.size,
      players: connections.authenticated,
      capacity: connections.max,
      draining: connections.leaving,
    }),
    onDrain: (on) => connections.orderDrain(on),
    log,
  });
  const chatServices = config.chatUrls.map((baseUrl) =>
    createRpcClient({
      service: ChatService,
      metrics: registry,
      baseUrl,
      dependency: rows["chat-service"],
      log,
      oneOfMany: config.chatUrls.length > 1,
    }),
  );
  const chat = createChatStream({ gatewayId, services: chatServices.map((service) => service.call), log });
  const ratings = new Ratings({ service: rating.call, onRating: (source) => metrics.rating(source), log });
  measureBounded(registry, ratings.bounded);
  const connectionParts: OwnedConnectionParts = {
    tokens,
    seatTickets: new SeatTicketOpener(config.seatTicketKey),
    matchmaking,
    chat: {
      stream: chat,
      service: failoverClient(chatServices.map((service) => service.call)),
      posting: new Limiter(CHAT_POSTS),
      log,
    },
    ratings,
    matches,
    budgets,
    work,
    metrics,
    log,
    now: context.nowMs,
    nonce: () => randomInt(NONCES),
    limits: {
      authWithinMs: config.authWithinMs,
      idleTimeoutMs: config.idleTimeoutS * 1000,
      inputsPerS: config.inputsPerS,
      floodPerS: config.floodPerS,
      bytesPerS: config.bytesPerS,
      staleMs: config.staleMs,
      slowCloseMs: config.slowCloseMs,
      inputsRefusedMax: config.inputsRefusedMax,
      spectatorDelayMs: config.spectatorDelayMs,
    },
    onAuthenticated: (connection, playerId) => connections.identify(connection, playerId),
  };
  const sockets = socketComponent(config, connections, connectionParts, log);
  const linkPart = { name: "shard links", stop: async () => (matches.stop(), links.closeAll()) };
  return {
    components: [
      identity,
      rating,
      matchmaker,
      ...chatServices,
      tokens.watching(config.revocationFeedEveryMs, log),
      matchmaking,
      chat,
      linkPart,
      sockets.rest, // stopped when the clients have left
      connections,
      sockets,
    ],
    // Balancers leave it out, as when it stops. Its name says to the system's health that this is no fault.
    ready: { draining: () => (connections.draining ? "an operator drains this gateway" : undefined) },
    peers: {
      matchmaker: matchmaking.check,
      identity: () => tokens.check() ?? identity.check(),
      chat: () => {
        const reasons = chatServices.map((service) => service.check()); // one of them is enough
        return reasons.includes(undefined) ? undefined : reasons[0];
      },
    },
    waitsFor: { rating: rating.check },
    exposes: { sockets },
  };
}

function socketComponent(
  config: Config,
  connections: Connections,
  parts: OwnedConnectionParts,
  log: Logger,
): SocketComponent & { readonly rest: Component } {
  const proxies = proxiesOf(config.trustedProxies);
  let server: WsServer | undefined;
  return {
    name: "sockets",
    rest: { name: "connections without a socket", stop: async () => server?.cutAll() },
    get url() {
      return `ws://${config.host}:${server?.port}/v1/realtime`;
    },
    async start() {
      const { host, port, idleTimeoutS, sendBufferBytesMax, inputBatchWindowMs, wakeUpCoalescingMs } = config;
      server = await listen<Connection>(
        { host, port, idleTimeoutS, sendBufferBytesMax, inputBatchWindowMs, wakeUpCoalescingMs },
        {
          admit(upgrade) {
            const address = clientAddress(upgrade, proxies);
            const refusal = connections.refusal(address);
            if (refusal === undefined) return { address };
            parts.metrics.upgradeRefused(refusal);
            return refusal === "address" || refusal === "address full"
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
          readAhead: readInputsAhead,
          ping: (connection) => connection.onPing(),
          pong: (connection, payload) => connection.onPing(payload),
          drain: (connection) => connection.onDrain(),
          close(connection, code, words) {
            connections.remove(connection);
            connection.onClosed(socketEnd(code, words));
          },
        },
      );
      log.info({ host, port: server.port }, "accepting WebSocket connections");
    },
    async stop() {
      server?.close();
    },
  };
}
