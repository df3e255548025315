import { ChatService } from "@muster/contracts/chat/v2";
import { IdentityService } from "@muster/contracts/identity/v2";
import { MatchService } from "@muster/contracts/match/v2";
import { MatchmakingService } from "@muster/contracts/matchmaking/v2";
import { createLogger, type Logger } from "@muster/log";
import { createRpcClient } from "@muster/rpc";
import { type App, type AppPart, composeProcess, createMetrics, measureBounded } from "@muster/runtime";
import { type AdminServer, createAdminServer } from "@muster/service";
import { TokenVerifier, trustFrom } from "@muster/tokens";
import { Gauge } from "prom-client";
import type { Config } from "./config.ts";
import { readContract } from "./contract.ts";
import { createIngressRefusals, type IngressRefusals } from "./ingress-refusals.ts";
import { createRestServer } from "./server.ts";
import { createSystemHealth } from "./system-health.ts";

export interface Overrides {
  readonly log?: Logger;
}

export interface RestPart extends AppPart {
  /** http://host:port, once started. */
  readonly url: string;
}

export interface EdgeApp extends App {
  readonly admin: AdminServer;
  readonly rest: RestPart;
  readonly ingressRefusals: IngressRefusals;
}

/** Builds the whole service and starts nothing. */
export function createApp(config: Config, overrides: Overrides = {}): EdgeApp {
  const log = overrides.log ?? createLogger("edge-api", config.logLevel);
  const metrics = createMetrics("edge-api");
  const timeoutMs = Math.max(config.edgeReadDeadlineMs, config.edgeWriteDeadlineMs);
  const identity = createRpcClient({ service: IdentityService, metrics, baseUrl: config.edgeIdentityUrl, timeoutMs });
  const match = createRpcClient({ service: MatchService, metrics, baseUrl: config.edgeMatchUrl, timeoutMs });
  const matchmaking = createRpcClient({
    service: MatchmakingService,
    metrics,
    baseUrl: config.edgeMatchmakerUrl,
    timeoutMs,
  });
  const chat = createRpcClient({ service: ChatService, metrics, baseUrl: config.edgeChatUrl, timeoutMs });
  const tokens = new TokenVerifier(trustFrom(identity.call));
  measureBounded(metrics, tokens.bounded);
  new Gauge({
    name: "edge_trust_age_seconds",
    help: "Since identity last said what is revoked",
    registers: [metrics],
    collect() {
      this.set(tokens.trustAgeS());
    },
  });
  const peers = { identity: identity.check, match: match.check, matchmaker: matchmaking.check, chat: chat.check };
  const contract = readContract();
  const server = createRestServer({
    contract,
    legacy: {
      origin: config.edgeLegacyUrl === "none" ? undefined : config.edgeLegacyUrl,
      domains: config.edgeLegacyDomains,
      answerWithinMs: config.edgeLegacyAnswerWithinMs,
    },
    clients: { identity: identity.call, match: match.call, matchmaking: matchmaking.call, chat: chat.call },
    tokens,
    corsOrigins: config.edgeCorsOrigins,
    trustedProxies: config.edgeTrustedProxies,
    systemHealth: createSystemHealth(config.edgeHealthUrls, { peers }),
    deadlines: { readMs: config.edgeReadDeadlineMs, writeMs: config.edgeWriteDeadlineMs },
    metrics,
    log,
  });
  let url = "";
  const rest: RestPart = {
    name: "rest server",
    get url() {
      return url;
    },
    async start() {
      await server.ready();
      url = await server.listen({ host: config.edgeHost, port: config.edgePort });
      log.info({ url }, "rest server is listening");
    },
    stop: () => server.close(),
  };
  const ingressRefusals = createIngressRefusals({
    host: config.edgeHost,
    port: () => Number(new URL(url).port),
    ingress: config.edgeTrustedProxies,
    metrics,
    log,
  });
  const admin = createAdminServer({
    host: config.edgeHost,
    port: config.edgeAdminPort,
    metrics,
    log,
    ready: {},
    peers,
  });
  return Object.assign(
    composeProcess(admin, [
      identity,
      match,
      matchmaking,
      chat,
      tokens.watching(config.edgeTrustEveryMs, log),
      rest,
      ingressRefusals,
    ]),
    { admin, rest, ingressRefusals },
  );
}
