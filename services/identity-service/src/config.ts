import { bytes, type Environment, int, json, keys, parseConfig } from "@muster/config";
import { kafkaFields } from "@muster/events";
import { type ConfigFrom, databaseConfig } from "@muster/service/database";
import { Type } from "@sinclair/typebox";

const own = {
  ...kafkaFields("IDENTITY"),
  IDENTITY_KEY_ENCRYPTION_KEY: bytes({
    length: 32,
    description: "AES-256 key that encrypts the signing keys in the database, 64 hexadecimal digits",
  }),
  IDENTITY_AUDIT_KEY: keys({
    length: 32,
    description:
      "key that seals the entries of the audit log, 64 hexadecimal digits; of several keys, separated by commas, the first seals and all are accepted",
  }),
  IDENTITY_REFRESH_TTL_S: int({
    default: 30 * 86_400,
    min: 60,
    max: 365 * 86_400,
    description: "lifetime of a refresh token, seconds",
  }),
  IDENTITY_FAMILY_TTL_S: int({
    default: 180 * 86_400,
    min: 60,
    max: 730 * 86_400,
    description: "lifetime of a session over all its refreshes, seconds",
  }),
  IDENTITY_REFRESH_GRACE_S: int({
    default: 20, // the SDK gives up a request after 15
    max: 120,
    description:
      "a refresh token may be used again within this time, seconds; later repeats are counted, and too many in a row end the session",
  }),
  IDENTITY_KEY_ACTIVE_S: int({
    default: 30 * 86_400,
    min: 1,
    max: 365 * 86_400,
    description: "how long a signing key is used for signing, seconds",
  }),
  IDENTITY_KEY_PENDING_S: int({
    default: 900,
    min: 1,
    max: 86_400,
    description:
      "how long a signing key is published before it signs, seconds; must be longer than anyone caches the JWKS",
  }),
  IDENTITY_KEY_CHECK_MS: int({
    default: 5000,
    min: 10,
    max: 30_000,
    description: "how often each instance reads the signing keys from the database",
  }),
  IDENTITY_PASSWORD_CHARS_MIN: int({
    default: 8,
    min: 8,
    max: 64,
    description:
      "minimum length of a new password, characters; NIST SP 800-63B asks for 8 (rev. 3) or 15 (rev. 4, password alone)",
  }),
  IDENTITY_RESERVED_NAMES: json<readonly string[]>(Type.Array(Type.String({ minLength: 1 })), {
    default: [],
    description:
      'names that nobody may have, nor names that look like them, for example ["acme"]; added to the built-in list',
  }),
  IDENTITY_LOGIN_FREE_PER_ACCOUNT: int({
    default: 5,
    min: 1,
    max: 1000,
    description:
      "failed log-ins per account that are free; after them an unknown device must send a proof of work, and a known device waits for a delay that doubles",
  }),
  IDENTITY_LOGIN_FREE_PER_ADDRESS: int({
    default: 50,
    min: 1,
    max: 1_000_000,
    description:
      "failed log-ins per address (IPv6: per /64) that are free; after them an unknown device must send a proof of work",
  }),
  IDENTITY_LOGIN_DELAY_MAX_S: int({
    default: 900,
    min: 1,
    max: 86_400,
    description: "maximum delay for a known device, seconds",
  }),
  IDENTITY_ACCOUNTS_PER_ADDRESS_BURST: int({
    default: 60,
    min: 1,
    max: 1_000_000,
    description: "new guests and registrations that one address (IPv6: /64) may make in a burst, in each instance",
  }),
  IDENTITY_ACCOUNTS_PER_ADDRESS_PER_MIN: int({
    default: 20,
    min: 1,
    max: 1_000_000,
    description: "new guests and registrations that one address may make per minute after the burst, in each instance",
  }),
  IDENTITY_HASHING_MAX: int({
    default: 2,
    min: 1,
    max: 4,
    description: "log-in passwords hashed at the same time; libuv has four threads for everything",
  }),
  IDENTITY_REGISTRATION_HASHING_MAX: int({
    default: 1,
    min: 1,
    max: 4,
    description: "registration passwords hashed at the same time",
  }),
  IDENTITY_HASHING_QUEUE_MAX: int({
    default: 32,
    max: 10_000,
    description:
      "passwords that may wait to be hashed, in each of three queues (log-ins, known devices, registrations); one address may have a quarter of them, but at least 8; beyond that the answer is busy for that address, and overloaded when the queue is full of others",
  }),
};

export const configuration = databaseConfig("IDENTITY", { grpcPort: 7200, adminPort: 7201 }, own);
export const { fields, read: readConfig } = configuration;
export type Config = ConfigFrom<typeof configuration>;

/** For what appends to the audit log or verifies it without being the service. */
export function readAuditKey(env: Environment): string {
  const { IDENTITY_AUDIT_KEY } = fields;
  return parseConfig({ IDENTITY_AUDIT_KEY }, env, "IDENTITY").auditKey;
}

/** For what makes a signing key without being the service. */
export function readKeyEncryptionKey(env: Environment): string {
  const { IDENTITY_KEY_ENCRYPTION_KEY } = fields;
  return parseConfig({ IDENTITY_KEY_ENCRYPTION_KEY }, env, "IDENTITY").keyEncryptionKey;
}
