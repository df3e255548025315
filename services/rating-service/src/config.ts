import { kafkaFields } from "@muster/events";
import { type ConfigFrom, databaseConfig } from "@muster/service/database";

export const configuration = databaseConfig(
  "RATING",
  { grpcPort: 7270, adminPort: 7271 },
  { ...kafkaFields("RATING") },
);
export const { fields, read: readConfig } = configuration;
export type Config = ConfigFrom<typeof configuration>;
