import { int, text } from "@muster/config";
import { kafkaFields } from "@muster/events";
import { type ConfigFrom, databaseConfig } from "@muster/service/database";

const own = {
  ...kafkaFields("MATCH"),
  MATCH_REGION: text({
    default: "",
    pattern: "^[a-z0-9-]{0,32}$",
    description:
      "region of the matches whose results this installation stores, named in its events: players are on the leaderboard of the region in which they first play in a season; empty: there are no regions",
  }),
  MATCH_LEASE_ROUND_MS: int({
    default: 10_000,
    min: 20,
    max: 600_000,
    description:
      "length of a lease round: a match whose lease no shard has renewed for six rounds is cancelled as shard_lost; keep SHARD_LEASE_RENEW_MS below this",
  }),
};

export const configuration = databaseConfig("MATCH", { grpcPort: 7210, adminPort: 7211 }, own);
export const { fields, read: readConfig } = configuration;
export type Config = ConfigFrom<typeof configuration>;
