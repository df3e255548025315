import { ChatService } from "@muster/contracts/chat/v2";
import { DeliveryService } from "@muster/contracts/delivery/v2";
import { IdentityService } from "@muster/contracts/identity/v2";
import { MatchService } from "@muster/contracts/match/v2";
import { MatchmakingService } from "@muster/contracts/matchmaking/v2";
import { RatingService } from "@muster/contracts/rating/v2";
import { ReplayService } from "@muster/contracts/replay/v2";
import { DEPENDENCIES, type Dependencies, tuned } from "@muster/resilience";
import { createRpcClient } from "@muster/rpc";
import { type Component, createLoadControl, measureBounded } from "@muster/runtime";
import { type Composition, defineService, type ServiceContext } from "@muster/service";
import { TokenVerifier, revocationFeedFrom } from "@muster/tokens";
import { Gauge } from "prom-client";
import { sheddersOf } from "./admission.ts";
import { type Config, configuration } from "./config.ts";
import { readContract } from "./contract.ts";
import { Downloads } from "./downloads.ts";
import { createIngressRefusals, type IngressRefusals } from "./ingress-refusals.ts";
import { LiveMatches } from "./live-matches.ts";
import { PlayerNames } from "./player-names.ts";
import { createRestServer } from "./server.ts";
import { createSystemHealth } from "./system-health.ts";

export interface RestComponent extends Component {
  /** http://host:port, once started. */
  readonly url: string;
}

interface Exposed {
  readonly rest: RestComponent;
  readonly ingressRefusals: IngressRefusals;
}

export const service = defineService({ name: "edge-api", configuration, compose });

function compose({ config, metrics, log, about }: ServiceContext<Config>): Composition<Exposed> {
  const rows = DEPENDENCIES["edge-api"];
  const asked = <D extends Dependencies>(dependency: D) => ({
    dependency: withDeadlines(dependency, config),
    metrics,
    log,
  });
  const identity = createRpcClient({
    ...asked(rows["identity-service"]),
    service: IdentityService,
    baseUrl: config.identityUrl,
  });
  const match = createRpcClient({ ...asked(rows["match-service"]), service: MatchService, baseUrl: config.matchUrl });
  const matchmaking = createRpcClient({
    ...asked(rows.matchmaker),
    service: MatchmakingService,
    baseUrl: config.matchmakerUrl,
  });
  const chat = createRpcClient({ ...asked(rows["chat-service"]), service: ChatService, baseUrl: config.chatUrl });
  const rating = createRpcClient({
    ...asked(rows["rating-service"]),
    service: RatingService,
    baseUrl: config.ratingUrl,
  });
  const replay = createRpcClient({
    ...asked(rows["replay-service"]),
    service: ReplayService,
    baseUrl: config.replayUrl,
  });
  const deliveryUrls = {
    "identity-service": config.identityUrl,
    "match-service": config.matchUrl,
    "rating-service": config.ratingUrl,
    "replay-service": config.replayUrl,
  } as const;
  // Wanted by operators only: that one of them is away is for its other client to say.
  const deliveries = keysOf(deliveryUrls).map((name) => {
    const dependency = asked(rows[`${name}/delivery`]);
    return [name, createRpcClient({ ...dependency, service: DeliveryService, baseUrl: deliveryUrls[name] })] as const;
  });
  const names = new PlayerNames((playerId) => identity.call.getProfile({ playerId }));
  const liveMatches = new LiveMatches({
    read: (query) => match.call.listLiveMatches(query),
    told: ({ matches, nextCursor }) => [...matches.map(({ mode }) => mode), ...(nextCursor === "" ? [] : [nextCursor])],
    readWithinMs: config.readDeadlineMs,
  });
  const tokens = new TokenVerifier(revocationFeedFrom(identity.call));
  measureBounded(metrics, { ...tokens.bounded, "player names": names, "live matches": liveMatches });
  new Gauge({
    name: "edge_revocation_feed_age_seconds",
    help: "Time since identity-service last answered what has been revoked",
    registers: [metrics],
    collect() {
      this.set(tokens.revocationFeedAgeS());
    },
  });
  const peers = {
    identity: identity.check,
    match: match.check,
    matchmaker: matchmaking.check,
    chat: chat.check,
    rating: rating.check,
    replay: replay.check,
  };
  const contract = readContract();
  const load = createLoadControl(config, metrics);
  const server = createRestServer({
    contract,
    legacy: {
      origin: config.legacyUrl === "none" ? undefined : config.legacyUrl,
      domains: config.legacyDomains,
      answerWithinMs: config.legacyAnswerWithinMs,
    },
    clients: {
      identity: identity.call,
      match: match.call,
      matchmaking: matchmaking.call,
      chat: chat.call,
      rating: rating.call,
      replay: replay.call,
      delivery: Object.fromEntries(deliveries.map(([name, { call }]) => [name, call])),
      names,
      downloads: new Downloads(),
      liveMatches: config.watching ? liveMatches : undefined,
      systemHealth: createSystemHealth(config.healthUrls, {
        peers,
        about: { ...about, startedAt: about.startedAt.toISOString() },
      }),
    },
    tokens,
    corsOrigins: config.corsOrigins,
    trustedProxies: config.trustedProxies,
    shedders: sheddersOf(load),
    deadlines: { readMs: config.readDeadlineMs, writeMs: config.writeDeadlineMs },
    metrics,
    log,
  });
  let url = "";
  const rest: RestComponent = {
    name: "rest server",
    get url() {
      return url;
    },
    async start() {
      await server.ready();
      url = await server.listen({ host: config.host, port: config.port });
      log.info({ url }, "rest server is listening");
    },
    stop: () => server.close(),
  };
  const ingressRefusals = createIngressRefusals({
    host: config.host,
    port: () => Number(new URL(url).port),
    ingress: config.trustedProxies,
    metrics,
    log,
  });
  const revocationFeed = tokens.watching(config.revocationFeedEveryMs, log);
  return {
    components: [
      identity,
      match,
      matchmaking,
      chat,
      rating,
      replay,
      ...deliveries.map(([, client]) => client),
      revocationFeed,
      load,
      rest,
      ingressRefusals,
    ],
    peers,
    exposes: { rest, ingressRefusals },
  };
}

/** As its operator has set them. */
function withDeadlines<D extends Dependencies>(rows: D, { readDeadlineMs, writeDeadlineMs }: Config): D {
  return tuned(rows, ({ methodClass, tryMs, totalMs }) => {
    const longest = methodClass === "reads" ? readDeadlineMs : writeDeadlineMs;
    return { totalMs: longest, tryMs: (longest * tryMs) / totalMs };
  });
}

function keysOf<T extends object>(record: T): (keyof T & string)[] {
  return Object.keys(record) as (keyof T & string)[];
}
