import { type ConfigOf, int, parseConfig, text, url } from "@muster/config";
import { dbConfig } from "@muster/db";
import { logConfig } from "@muster/log";

export const fields = {
  ...logConfig,
  ...dbConfig,
  MATCH_HOST: text({ default: "127.0.0.1", description: "address to listen on" }),
  MATCH_GRPC_PORT: int({ default: 7210, max: 65_535, description: "gRPC (h2c); 0 takes a free one" }),
  MATCH_ADMIN_PORT: int({ default: 7211, max: 65_535, description: "health and metrics; 0 takes a free one" }),
  MATCH_DB_URL: url({ protocols: ["mysql:"], description: "mysql://user:password@host:port/match_…" }),
  MATCH_LEASE_ROUND_MS: int({
    default: 10_000,
    min: 20,
    max: 600_000,
    description:
      "a match that no shard has renewed for six rounds of this length is cancelled as shard_lost; shards renew every SHARD_LEASE_RENEW_MS, keep that below it",
  }),
  MATCH_STOP_WITHIN_MS: int({
    default: 10_000,
    min: 100,
    max: 300_000,
    description: "a stop that takes longer is forced",
  }),
};

export type Config = ConfigOf<typeof fields>;

export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  return parseConfig(fields, env);
}

/** For migrate.ts, which works on the database alone. */
export type DatabaseConfig = Pick<Config, "logLevel" | "matchDbUrl" | "dbAcquireTimeoutMs">;

export function readDatabaseConfig(env: Readonly<Record<string, string | undefined>>): DatabaseConfig {
  return parseConfig({ ...logConfig, ...dbConfig, MATCH_DB_URL: fields.MATCH_DB_URL }, env);
}
