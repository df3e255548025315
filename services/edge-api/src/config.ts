import { bool, int, json, text, url } from "@muster/config";
import { DEPENDENCIES, EDGE } from "@muster/resilience";
import { type ConfigFrom, loadFields, port, serviceConfig } from "@muster/service";
import { LEGACY_DOMAINS } from "./contract.ts";
import { Type } from "@sinclair/typebox";

const own = {
  EDGE_IDENTITY_URL: url({ protocols: ["http:"], description: "gRPC address of identity-service" }),
  EDGE_MATCH_URL: url({ protocols: ["http:"], description: "gRPC address of match-service" }),
  EDGE_MATCHMAKER_URL: url({ protocols: ["http:"], description: "gRPC address of the matchmaker" }),
  EDGE_CHAT_URL: url({ protocols: ["http:"], description: "gRPC address of chat-service" }),
  EDGE_RATING_URL: url({ protocols: ["http:"], description: "gRPC address of rating-service" }),
  EDGE_REPLAY_URL: url({ protocols: ["http:"], description: "gRPC address of replay-service" }),
  EDGE_LEGACY_URL: text({
    default: "none",
    pattern: "^(none|http://[^\\s/]+)$",
    description:
      "origin of a v1.5 monolith, http://host:port, which gets every request for a route that edge-api does not have; none: such requests are answered 404",
  }),
  EDGE_LEGACY_DOMAINS: json<readonly string[]>(
    Type.Array(Type.Union(LEGACY_DOMAINS.map((domain) => Type.Literal(domain)))),
    {
      default: [],
      description: `domains that the legacy origin serves instead of edge-api: any of ${LEGACY_DOMAINS.join(", ")}`,
    },
  ),
  EDGE_LEGACY_ANSWER_WITHIN_MS: int({
    default: DEPENDENCIES["edge-api"]["legacy origin"].requests.tryMs,
    min: 10,
    max: 600_000,
    description: "how long the legacy origin may take to begin its answer; a stream may then last longer",
  }),
  EDGE_HEALTH_URLS: json<Readonly<Record<string, string>>>(
    Type.Record(Type.String(), Type.String({ pattern: "^https?://" })),
    {
      default: {},
      description:
        "/statusz URLs of the other processes, by name; /system/healthz is 200 when every instance behind each name is ready and reaches all processes that it needs",
    },
  ),
  EDGE_CORS_ORIGINS: json<readonly string[]>(Type.Array(Type.String({ pattern: "^https?://[^/*]+(:\\*)?$" })), {
    default: [],
    description:
      'origins of web games that may call from a browser, for example ["https://game.example"]; :* at the end matches any port, or none',
  }),
  EDGE_WATCHING: bool({
    default: true,
    description: "list the matches that are played now (GET /v1/matches/live); false where GATEWAY_SPECTATORS_MAX is 0",
  }),
  EDGE_REVOCATION_FEED_EVERY_MS: int({
    default: 2000,
    min: 10,
    max: 30_000,
    formerly: "EDGE_TRUST_EVERY_MS",
    description: "how often edge-api asks identity-service what has been revoked",
  }),
  EDGE_TRUSTED_PROXIES: json<readonly string[]>(Type.Array(Type.String({ pattern: "^[0-9a-fA-F:.]+(/[0-9]+)?$" })), {
    default: ["127.0.0.0/8", "::1/128"],
    description: "addresses of the ingress: X-Forwarded-For and reports of refusals are accepted only from them",
  }),
  EDGE_READ_DEADLINE_MS: int({
    default: EDGE.readMs,
    min: 10,
    max: 60_000,
    description: "maximum time for a GET request",
  }),
  EDGE_WRITE_DEADLINE_MS: int({
    default: EDGE.writeMs,
    min: 10,
    max: 60_000,
    description: "maximum time for any other request",
  }),
  ...loadFields("EDGE", "requests that need the same service"),
};

export const configuration = serviceConfig(
  "EDGE",
  {
    listens: {
      EDGE_PORT: port(7250, "REST over TCP; over UDP, the ingress reports the requests that it refused itself"),
    },
    adminPort: 7251,
  },
  own,
);
export const { fields, read: readConfig } = configuration;
export type Config = ConfigFrom<typeof configuration>;
