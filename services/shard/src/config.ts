import { int, keys, text, url } from "@muster/config";
import { type ConfigFrom, port, serviceConfig } from "@muster/service";

const own = {
  SHARD_LINK_ADDRESS: text({
    default: "auto",
    description: "host:port at which gateways reach the link port; auto: the address that the shard listens on",
  }),
  SHARD_MATCH_URL: url({ protocols: ["http:"], description: "gRPC address of match-service" }),
  SHARD_MATCHMAKER_URL: url({ protocols: ["http:"], description: "gRPC address of the matchmaker" }),
  SHARD_SEAT_TICKET_KEY: keys({
    length: 32,
    description:
      "key that opens seat tickets, the same as the matchmaker's, 64 hexadecimal digits; of several keys, separated by commas, all are accepted",
  }),
  SHARD_LINK_KEY: keys({
    length: 32,
    description:
      "key that authenticates links from gateways, shared with them, 64 hexadecimal digits; of several keys, separated by commas, all are accepted",
  }),
  SHARD_REGION: text({
    default: "local",
    pattern: "^[a-z0-9-]{1,32}$",
    description: "name of the region that this shard is in",
  }),
  SHARD_MATCHES_MAX: int({
    default: 1000,
    min: 1,
    max: 100_000,
    description: "maximum number of matches that the shard holds; further matches are refused",
  }),
  SHARD_BUSY_PERCENT_MAX: int({
    default: 95,
    min: 1,
    max: 100,
    description:
      "a shard whose event loop is busier than this for 3 s, percent of the time, gets no new matches until it has been calmer for 5 s; 100: not judged",
  }),
  SHARD_LATE_TICKS_PERCENT_MAX: int({
    default: 25,
    min: 1,
    max: 100,
    description:
      "a shard of whose ticks more than this, percent, begin over 16 ms late for 3 s gets no new matches until few have for 5 s; 100: not judged",
  }),
  SHARD_JOIN_WITHIN_MS: int({
    default: 10_000,
    min: 10,
    max: 300_000,
    description: "a match whose players have not all joined within this time is cancelled",
  }),
  SHARD_GRACE_MS: int({
    default: 20_000,
    max: 300_000,
    description: "how long the seat of a disconnected player is kept; after that the player forfeits",
  }),
  SHARD_PLAYED_AFTER_MS: int({
    default: 3000,
    max: 300_000,
    description:
      "a player who leaves a running match after less than this time counts as a no-show, and nobody gains rating from the match; keep it below the length of the shortest match",
  }),
  SHARD_KEYFRAME_EVERY_TICKS: int({
    default: 60,
    min: 1,
    max: 10_000,
    description: "how often gateways get a new keyframe to cache, ticks",
  }),
  SHARD_LEASE_RENEW_MS: int({
    default: 5000,
    min: 10,
    max: 300_000,
    description:
      "how often the shard renews the leases of its matches at match-service; keep it below MATCH_LEASE_ROUND_MS",
  }),
  SHARD_STEP_BUDGET_MS: int({
    default: 100,
    min: 1,
    max: 10_000,
    description:
      "maximum time for a game's step; a longer one ends its match; keep it well below GATEWAY_SHARD_SUSPECT_AFTER_MS, or a match whose step never returns is taken over by the next shard and blocks that one too",
  }),
  SHARD_STUCK_MS: int({
    default: 200,
    min: 20,
    max: 60_000,
    description:
      "if a step has not returned after this time, the process exits, and all matches but that one are taken over",
  }),
  SHARD_HEAP_PERCENT_MAX: int({
    default: 80,
    min: 1,
    max: 100,
    description:
      "when the heap is fuller than this, percent, the match whose steps allocate most is ended, and another one every second",
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
    description: "on stop: how long running matches may continue before they are cancelled",
  }),
};

export const configuration = serviceConfig(
  "SHARD",
  {
    listens: { SHARD_LINK_PORT: port(7240, "links of gateways") },
    adminPort: 7241,
    stopWithinMs: { default: 120_000, max: 3_700_000 },
  },
  own,
);
export const { fields, read: readConfig } = configuration;
export type Config = ConfigFrom<typeof configuration>;
