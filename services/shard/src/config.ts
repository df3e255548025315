import { int, keys, text, url } from "@muster/config";
import { type ConfigFrom, port, serviceConfig } from "@muster/service";

const own = {
  SHARD_LINK_ADDRESS: text({
    default: "auto",
    description: "host:port under which gateways reach the link; auto is the listening address",
  }),
  SHARD_MATCH_URL: url({ protocols: ["http:"], description: "gRPC address of match-service" }),
  SHARD_MATCHMAKER_URL: url({ protocols: ["http:"], description: "gRPC address of the matchmaker" }),
  SHARD_SEAT_TICKET_KEY: keys({
    length: 32,
    description: "opens seat tickets; the matchmaker's, 64 hexadecimal digits; of several, comma-separated, each",
  }),
  SHARD_LINK_KEY: keys({
    length: 32,
    description: "lets gateways in; shared with them, 64 hexadecimal digits; of several, comma-separated, each",
  }),
  SHARD_REGION: text({ default: "local", pattern: "^[a-z0-9-]{1,32}$", description: "where this shard is" }),
  SHARD_MATCHES_MAX: int({
    default: 1000,
    min: 1,
    max: 100_000,
    description: "matches held at once; beyond it a match is refused",
  }),
  SHARD_JOIN_WITHIN_MS: int({
    default: 10_000,
    min: 10,
    max: 300_000,
    description: "a match whose players have not all joined by then is cancelled",
  }),
  SHARD_GRACE_MS: int({
    default: 20_000,
    max: 300_000,
    description: "how long the seat of a lost player is kept; then it forfeits",
  }),
  SHARD_PLAYED_AFTER_MS: int({
    default: 3000,
    max: 300_000,
    description:
      "who leaves a running match sooner has not played it: nobody gains rating by it, and it counts as not coming; keep it below the shortest match",
  }),
  SHARD_KEYFRAME_EVERY_TICKS: int({
    default: 60,
    min: 1,
    max: 10_000,
    description: "how often gateways get a new keyframe to cache",
  }),
  SHARD_LEASE_RENEW_MS: int({
    default: 5000,
    min: 10,
    max: 300_000,
    description: "how often match-service is told which matches are held here; keep it below MATCH_LEASE_ROUND_MS",
  }),
  SHARD_STEP_BUDGET_MS: int({
    default: 100,
    min: 1,
    max: 10_000,
    description:
      "a step of a game that takes longer ends its match; keep it well below GATEWAY_SHARD_SUSPECT_AFTER_MS, or a match whose step never comes back is moved, and takes the next shard with it",
  }),
  SHARD_STUCK_MS: int({
    default: 200,
    min: 20,
    max: 60_000,
    description:
      "a step that has not come back after so long never will: the process ends, and all matches but that one move",
  }),
  SHARD_HEAP_PERCENT_MAX: int({
    default: 80,
    min: 1,
    max: 100,
    description: "when the heap is fuller, the match whose steps allocate most ends, every second another one",
  }),
  SHARD_LOG_TRANSFER_WITHIN_MS: int({
    formerly: "SHARD_HANDOVER_WITHIN_MS",
    default: 300,
    min: 10,
    max: 5000,
    description: "during a takeover: how long the shard waits, after the first log, for the other gateways' logs",
  }),
  SHARD_DRAIN_WITHIN_MS: int({
    default: 100_000,
    max: 3_600_000,
    description: "on stop: how long running matches may go on; then they are cancelled",
  }),
};

export const configuration = serviceConfig(
  "SHARD",
  {
    listens: { SHARD_LINK_PORT: port(7240, "link for gateways") },
    adminPort: 7241,
    stopWithinMs: { default: 120_000, max: 3_700_000 },
  },
  own,
);
export const { fields, read: readConfig } = configuration;
export type Config = ConfigFrom<typeof configuration>;
