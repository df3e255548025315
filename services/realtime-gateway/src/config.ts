import { ConfigError, type Environment, int, json, keys, url } from "@muster/config";
import { type ConfigFrom, port, serviceConfig } from "@muster/service";
import { Type } from "@sinclair/typebox";
import { CONTROL_LIMITS, type ControlLimits } from "./connection/control-limits.ts";

/** When its clients' time is over, a stopping gateway closes the sockets that are left, its links and its calls. */
const STOP_MARGIN_MS = 2000;

const own = {
  GATEWAY_IDENTITY_URL: url({ protocols: ["http:"], description: "gRPC address of identity-service" }),
  GATEWAY_RATING_URL: url({ protocols: ["http:"], description: "gRPC address of rating-service" }),
  GATEWAY_MATCHMAKER_URL: url({ protocols: ["http:"], description: "gRPC address of the matchmaker" }),
  GATEWAY_CHAT_URLS: json<readonly string[]>(
    Type.Array(Type.String({ pattern: "^http://[^\\s]+$" }), { minItems: 1 }),
    {
      default: ["http://127.0.0.1:7260"],
      description: "gRPC addresses of chat-service, tried in turn; one is enough if it leads to several instances",
    },
  ),
  GATEWAY_SEAT_TICKET_KEY: keys({
    length: 32,
    description:
      "key that opens seat tickets, the same as the matchmaker's: 64 hexadecimal digits; several, comma-separated, are all accepted",
  }),
  GATEWAY_LINK_KEY: keys({
    length: 32,
    description:
      "key that authenticates links to shards, the same as theirs: 64 hexadecimal digits; of several, comma-separated, the first is used",
  }),
  GATEWAY_REVOCATION_FEED_EVERY_MS: int({
    default: 2000,
    min: 10,
    max: 30_000,
    formerly: "GATEWAY_TRUST_EVERY_MS",
    description:
      "how often the gateway asks identity-service for revocations: a banned player's socket closes this late at most",
  }),
  GATEWAY_CONNECTIONS_MAX: int({
    default: 20_000,
    min: 1,
    max: 1_000_000,
    description: "maximum number of open sockets; further upgrades are answered with 503",
  }),
  GATEWAY_UNAUTHENTICATED_MAX: int({
    default: 4000,
    min: 1,
    max: 1_000_000,
    formerly: "GATEWAY_STRANGERS_MAX",
    description: "maximum number of open sockets without a valid token yet; further upgrades are answered with 503",
  }),
  GATEWAY_UNAUTHENTICATED_PER_ADDRESS_MAX: int({
    default: 200,
    min: 1,
    max: 1_000_000,
    formerly: "GATEWAY_STRANGERS_PER_ADDRESS_MAX",
    description: "of these, the maximum from one address (IPv6: from one /64); further upgrades are answered with 429",
  }),
  GATEWAY_CONNECTIONS_PER_ADDRESS_MAX: int({
    default: 2000,
    min: 1,
    max: 1_000_000,
    description:
      "maximum number of open sockets from one address (IPv6: from one /64), authenticated or not; further upgrades are answered with 429",
  }),
  GATEWAY_TRUSTED_PROXIES: json<readonly string[]>(Type.Array(Type.String({ pattern: "^[0-9a-fA-F:.]+(/[0-9]+)?$" })), {
    default: ["127.0.0.0/8", "::1/128"],
    description: "addresses of the ingress; X-Forwarded-For is ignored from any other address",
  }),
  GATEWAY_AUTH_WITHIN_MS: int({
    default: 5000,
    min: 10,
    max: 60_000,
    description: "a new socket that has not presented a valid token within this time is closed",
  }),
  GATEWAY_IDLE_TIMEOUT_S: int({
    default: 32,
    min: 8,
    max: 960,
    description: "a socket that sends nothing, not even pongs, for this many seconds is closed",
  }),
  GATEWAY_INPUTS_PER_S: int({
    default: 120,
    min: 1,
    max: 10_000,
    description:
      "inputs accepted per socket and second, on average; twice as many in a burst; further inputs are dropped",
  }),
  GATEWAY_BYTES_PER_S: int({
    default: 32_768,
    min: 1024,
    max: 16_777_216,
    description:
      "bytes of messages accepted per socket and second, on average; twice as many in a burst; above it, requests are refused and inputs are merged; a socket that is further above it by eight times as much is closed",
  }),
  GATEWAY_FLOOD_PER_S: int({
    default: 2000,
    min: 10,
    max: 1_000_000,
    description: "a socket that sends this many frames of any kind more than that within a second is closed",
  }),
  GATEWAY_CONTROL_LIMITS: json<Readonly<Partial<ControlLimits>>>(
    Type.Partial(
      Type.Record(
        Type.Union(Object.keys(CONTROL_LIMITS).map((kind) => Type.Literal(kind)) as never),
        Type.Object({ perS: Type.Number({ exclusiveMinimum: 0 }), burst: Type.Integer({ minimum: 1 }) }),
      ),
      { additionalProperties: false },
    ),
    {
      default: {},
      description: "limits of control messages per player, by kind, that replace those of STATE-MACHINE.md",
    },
  ),
  GATEWAY_SEND_BUFFER_BYTES_MAX: int({
    default: 65_536,
    min: 4096,
    max: 16_777_216,
    description: "maximum number of bytes that wait for a socket whose client does not read",
  }),
  GATEWAY_SLOW_CLOSE_MS: int({
    default: 30_000,
    min: 100,
    max: 600_000,
    description: "a socket whose client has not read for this long is closed",
  }),
  GATEWAY_STALE_MS: int({
    default: 1000,
    min: 50,
    max: 60_000,
    description:
      "a client that has not read what was sent for this long gets no snapshots until it has; then it gets a keyframe",
  }),
  GATEWAY_INPUTS_REFUSED_MAX: int({
    default: 300,
    min: 1,
    max: 100_000,
    description: "a socket with more refused inputs than this in ten seconds is closed",
  }),
  GATEWAY_RECONNECT_SPREAD_MS: int({
    default: 5000,
    max: 120_000,
    description:
      "on stop: clients are still served for this long, and move to another gateway at random times within it",
  }),
  GATEWAY_SHARD_SUSPECT_AFTER_MS: int({
    default: 300,
    min: 150,
    max: 60_000,
    formerly: "GATEWAY_SHARD_SILENT_MS",
    description:
      "a shard that answers no heartbeat for this long is suspected, and another shard takes over its matches",
  }),
  GATEWAY_INPUT_BATCH_WINDOW_MS: int({
    default: 4,
    max: 20,
    formerly: "GATEWAY_GATHER_MS",
    description:
      "time between two batches of inputs to a shard; batches mean fewer wake-ups of the shard; 0: no batches",
  }),
  GATEWAY_WAKE_UP_COALESCING_MS: int({
    default: 1,
    max: 10,
    formerly: "GATEWAY_REST_MS",
    description:
      "after a turn of the event loop that brought only a few inputs, the next turn starts this much later, so that it brings more inputs; ticks wait for as long; 0: no delay",
  }),
  GATEWAY_SPECTATOR_DELAY_MS: int({
    default: 10_000,
    max: 600_000,
    description: "delay of what spectators see, so that they cannot help a player",
  }),
  GATEWAY_SPECTATORS_MAX: int({
    default: 5000,
    max: 1_000_000,
    description: "maximum number of spectators of one match on this gateway; 0: matches cannot be watched",
  }),
};

const standard = serviceConfig(
  "GATEWAY",
  { listens: { GATEWAY_PORT: port(7230, "WebSockets") }, adminPort: 7231 },
  own,
);
export const { fields } = standard;
export type Config = ConfigFrom<typeof standard>;

/** @throws ConfigError */
export function readConfig(env: Environment): Config {
  const config = standard.read(env);
  if (config.stopWithinMs < config.reconnectSpreadMs + STOP_MARGIN_MS)
    throw new ConfigError([
      `GATEWAY_STOP_WITHIN_MS has to be at least ${STOP_MARGIN_MS} above GATEWAY_RECONNECT_SPREAD_MS: otherwise a stop is forced while clients leave`,
    ]);
  return config;
}

export const configuration = { ...standard, read: readConfig };
