import { int } from "@muster/config";
import { type ConfigFrom, databaseConfig } from "@muster/service/database";

const own = {
  MATCH_LEASE_ROUND_MS: int({
    default: 10_000,
    min: 20,
    max: 600_000,
    description:
      "a match that no shard has renewed for six rounds of this length is cancelled as shard_lost; shards renew every SHARD_LEASE_RENEW_MS, keep that below it",
  }),
};

export const configuration = databaseConfig("MATCH", { grpcPort: 7210, adminPort: 7211 }, own);
export const { fields, read: readConfig } = configuration;
export type Config = ConfigFrom<typeof configuration>;
