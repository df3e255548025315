import { bytes, type ConfigOf, int, parseConfig, text, url } from "@muster/config";
import { dbConfig } from "@muster/db";
import { logConfig } from "@muster/log";

export const fields = {
  ...logConfig,
  ...dbConfig,
  IDENTITY_HOST: text({ default: "127.0.0.1", description: "address to listen on" }),
  IDENTITY_GRPC_PORT: int({ default: 7200, max: 65_535, description: "gRPC (h2c); 0 takes a free one" }),
  IDENTITY_ADMIN_PORT: int({ default: 7201, max: 65_535, description: "health and metrics; 0 takes a free one" }),
  IDENTITY_DB_URL: url({ protocols: ["mysql:"], description: "mysql://user:password@host:port/identity_…" }),
  IDENTITY_KEY_ENCRYPTION_KEY: bytes({
    length: 32,
    description: "AES-256 key that seals the signing keys in the database, 64 hexadecimal digits",
  }),
  IDENTITY_REFRESH_TTL_S: int({
    default: 30 * 86_400,
    min: 60,
    max: 365 * 86_400,
    description: "life of one refresh token, seconds",
  }),
  IDENTITY_FAMILY_TTL_S: int({
    default: 180 * 86_400,
    min: 60,
    max: 730 * 86_400,
    description: "life of a session over all its refreshes, seconds",
  }),
  IDENTITY_HASHING_MAX: int({
    default: 2,
    min: 1,
    max: 4,
    description: "password hashes computed at once; libuv has four threads for everything",
  }),
  IDENTITY_HASHING_QUEUE_MAX: int({
    default: 32,
    max: 10_000,
    description: "password hashes that wait; beyond it the answer is busy",
  }),
  IDENTITY_STOP_WITHIN_MS: int({
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
