import { int, url } from "@muster/config";
import { kafkaFields } from "@muster/events";
import { type ConfigFrom, databaseConfig } from "@muster/service/database";

const own = {
  ...kafkaFields("REPLAY"),
  REPLAY_MATCH_URL: url({
    protocols: ["http:"],
    description: "gRPC address of match-service, which has the logs that are too large for an event",
  }),
  REPLAY_RATING_URL: url({
    protocols: ["http:"],
    description: "gRPC address of rating-service, which takes suspect matches out of the ratings",
  }),
  REPLAY_THREADS: int({
    default: 1,
    min: 0,
    max: 64,
    description:
      "how many matches are verified at once, each in a thread that is started when it is needed; 0: this instance verifies none",
  }),
  REPLAY_THREAD_HEAP_MB: int({
    default: 64,
    min: 16,
    max: 4096,
    description: "heap of such a thread; a match that needs more is unverifiable",
  }),
  REPLAY_THREAD_IDLE_MS: int({
    default: 5000,
    min: 0,
    max: 3_600_000,
    description: "a thread without work ends after this",
  }),
  REPLAY_VERIFY_WITHIN_MS: int({
    default: 10_000,
    min: 50,
    max: 600_000,
    description: "time budget for simulating a match again; one that takes longer is unverifiable",
  }),
  REPLAY_KEEP_RANKED_DAYS: int({
    default: 90,
    min: 1,
    max: 3650,
    description:
      "how long the replay of a match that counts for ratings is kept after its end: two or more players, no bots",
  }),
  REPLAY_KEEP_UNRANKED_DAYS: int({
    default: 14,
    min: 1,
    max: 3650,
    description: "how long the replay of any other match is kept",
  }),
  REPLAY_KEEP_SUSPECT_DAYS: int({
    default: 365,
    min: 1,
    max: 3650,
    description: "how long a replay is kept whose match was ever suspect",
  }),
};

export const configuration = databaseConfig("REPLAY", { grpcPort: 7280, adminPort: 7281 }, own);
export const { fields, read: readConfig } = configuration;
export type Config = ConfigFrom<typeof configuration>;
