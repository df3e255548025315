import { type Environment, int, keys, parseConfig, url } from "@muster/config";
import { type ConfigFrom, databaseConfig } from "@muster/service/database";

const own = {
  CHAT_AUDIT_KEY: keys({
    length: 32,
    description:
      "key that seals the entries of the moderation log, 64 hexadecimal digits; of several keys, separated by commas, the first seals and all are accepted",
  }),
  CHAT_MATCH_URL: url({ protocols: ["http:"], description: "gRPC address of match-service" }),
  CHAT_MESSAGE_CHARS_MAX: int({
    default: 500,
    min: 1,
    max: 2000,
    description: "maximum length of a message, characters",
  }),
  CHAT_MESSAGES_PER_MIN: int({
    default: 30,
    min: 1,
    max: 60_000,
    description: "messages and edits that a player may send per minute, on average, over all channels and instances",
  }),
  CHAT_MESSAGE_BURST: int({ default: 8, min: 1, max: 1000, description: "how many of these may come in a burst" }),
  CHAT_EDIT_WINDOW_S: int({
    default: 900,
    max: 31_536_000,
    description: "how long an author may edit a message, seconds",
  }),
  CHAT_ROOM_MEMBERS_MAX: int({
    default: 500,
    min: 2,
    max: 100_000,
    description: "maximum number of members of a room",
  }),
  CHAT_ROOMS_OWNED_MAX: int({ default: 10, min: 1, max: 10_000, description: "rooms that one player may own" }),
  CHAT_INVITATIONS_MAX: int({
    default: 50,
    min: 1,
    max: 1000,
    description: "room invitations that one player may have; one more removes the oldest, strangers' invitations first",
  }),
  CHAT_INVITATION_S: int({
    default: 604_800,
    min: 60,
    max: 31_536_000,
    description: "how long a player can accept an invitation, seconds",
  }),
  CHAT_DIRECTS_PER_HOUR: int({
    default: 30,
    min: 1,
    max: 1_000_000,
    description: "direct channels with strangers that one player may open per hour, on average",
  }),
  CHAT_DIRECT_BURST: int({ default: 10, min: 1, max: 10_000, description: "how many of these may come in a burst" }),
  CHAT_DIRECTS_TO_PLAYER_PER_HOUR: int({
    default: 60,
    min: 1,
    max: 1_000_000,
    description: "direct channels that strangers together may open with one player per hour, on average",
  }),
  CHAT_DIRECT_TO_PLAYER_BURST: int({
    default: 20,
    min: 1,
    max: 10_000,
    description: "how many of these may come in a burst",
  }),
  CHAT_DIRECTS_OF_NETWORK_PERCENT: int({
    default: 25,
    min: 1,
    max: 100,
    description: "share of these, percent, that strangers at one address (IPv6: /64) may open with one player",
  }),
  CHAT_CHANGES_PER_MIN: int({
    default: 60,
    min: 1,
    max: 600_000,
    description:
      "changes of rooms, members, invitations, mutes and blocks that a player may make per minute, on average, in each instance",
  }),
  CHAT_CHANGE_BURST: int({ default: 60, min: 1, max: 100_000, description: "how many of these may come in a burst" }),
  CHAT_CALLS_PER_S: int({
    default: 20,
    min: 1,
    max: 100_000,
    description: "calls of any kind that a player may make per second, on average, in each instance",
  }),
  CHAT_CALL_BURST: int({ default: 60, min: 1, max: 100_000, description: "how many of these may come in a burst" }),
  CHAT_CALLS_AT_WORK_MAX: int({
    default: 2,
    min: 1,
    max: 200,
    description: "calls of one player that run at the same time; the player's other calls wait",
  }),
  CHAT_TAIL_EVERY_MS: int({
    default: 20,
    min: 1,
    max: 1000,
    description: "how often each instance reads what other instances have committed",
  }),
};

export const configuration = databaseConfig("CHAT", { grpcPort: 7260, adminPort: 7261 }, own);
export const { fields, read: readConfig } = configuration;
export type Config = ConfigFrom<typeof configuration>;

/** For what writes the moderation log or verifies it without being the service. */
export function readAuditKey(env: Environment): string {
  const { CHAT_AUDIT_KEY } = fields;
  return parseConfig({ CHAT_AUDIT_KEY }, env, "CHAT").auditKey;
}
