import { int, json, text, url } from "@muster/config";
import { type ConfigFrom, port, serviceConfig } from "@muster/service";
import { LEGACY_DOMAINS } from "./contract.ts";
import { Type } from "@sinclair/typebox";

const own = {
  EDGE_IDENTITY_URL: url({ protocols: ["http:"], description: "gRPC address of identity-service" }),
  EDGE_MATCH_URL: url({ protocols: ["http:"], description: "gRPC address of match-service" }),
  EDGE_MATCHMAKER_URL: url({ protocols: ["http:"], description: "gRPC address of the matchmaker" }),
  EDGE_CHAT_URL: url({ protocols: ["http:"], description: "gRPC address of chat-service" }),
  EDGE_LEGACY_URL: text({
    default: "none",
    pattern: "^(none|http://[^\\s/]+)$",
    description: "origin of a v1.5 monolith, http://host:port: every route that is not ours goes there; none: 404",
  }),
  EDGE_LEGACY_DOMAINS: json<readonly string[]>(
    Type.Array(Type.Union(LEGACY_DOMAINS.map((domain) => Type.Literal(domain)))),
    {
      default: [],
      description: `domains that the legacy origin serves, for now or again: of ${LEGACY_DOMAINS.join(", ")}`,
    },
  ),
  EDGE_LEGACY_ANSWER_WITHIN_MS: int({
    default: 15_000,
    min: 10,
    max: 600_000,
    description: "until the legacy origin's first answer; a stream may go on",
  }),
  EDGE_HEALTH_URLS: json<Readonly<Record<string, string>>>(
    Type.Record(Type.String(), Type.String({ pattern: "^https?://" })),
    {
      default: {},
      description:
        "/statusz of the other processes by name: /system/healthz is 200 when all of them are ready and lack nothing, each instance behind a name",
    },
  ),
  EDGE_CORS_ORIGINS: json<readonly string[]>(Type.Array(Type.String({ pattern: "^https?://[^/*]+(:\\*)?$" })), {
    default: [],
    description:
      'origins of web games that may call from a browser, for example ["https://game.example"]; :* at the end is any port or none',
  }),
  EDGE_TRUST_EVERY_MS: int({
    default: 2000,
    min: 10,
    max: 30_000,
    description: "how often identity is asked what has been revoked",
  }),
  EDGE_TRUSTED_PROXIES: json<readonly string[]>(Type.Array(Type.String({ pattern: "^[0-9a-fA-F:.]+(/[0-9]+)?$" })), {
    default: ["127.0.0.0/8", "::1/128"],
    description: "addresses of the ingress: only from there X-Forwarded-For is believed, and refusals are counted",
  }),
  EDGE_READ_DEADLINE_MS: int({ default: 2000, min: 10, max: 60_000, description: "a GET takes no longer" }),
  EDGE_WRITE_DEADLINE_MS: int({
    default: 5000,
    min: 10,
    max: 60_000,
    description: "any other request takes no longer",
  }),
};

export const configuration = serviceConfig(
  "EDGE",
  {
    listens: { EDGE_PORT: port(7250, "REST, and in UDP what the ingress refuses by itself") },
    adminPort: 7251,
  },
  own,
);
export const { fields, read: readConfig } = configuration;
export type Config = ConfigFrom<typeof configuration>;
