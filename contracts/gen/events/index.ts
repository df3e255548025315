// Generated from contracts/events: pnpm gen.
import schemaOfChatMessageReported from "../../events/chat-message-reported.v1.json" with { type: "json" };
import schemaOfMatchCancelled from "../../events/match-cancelled.v1.json" with { type: "json" };
import schemaOfMatchEnded from "../../events/match-ended.v1.json" with { type: "json" };
import schemaOfPlayerBanned from "../../events/player-banned.v1.json" with { type: "json" };
import schemaOfPlayerErased from "../../events/player-erased.v1.json" with { type: "json" };
import schemaOfPlayerNameChanged from "../../events/player-name-changed.v1.json" with { type: "json" };
import schemaOfPlayerRegistered from "../../events/player-registered.v1.json" with { type: "json" };
import schemaOfPlayerUnbanned from "../../events/player-unbanned.v1.json" with { type: "json" };
import schemaOfRatingChanged from "../../events/rating-changed.v1.json" with { type: "json" };
import schemaOfReplayVerified from "../../events/replay-verified.v1.json" with { type: "json" };
import type { ChatMessageReported } from "./chat-message-reported.v1.ts";
import type { MatchCancelled } from "./match-cancelled.v1.ts";
import type { MatchEnded } from "./match-ended.v1.ts";
import type { PlayerBanned } from "./player-banned.v1.ts";
import type { PlayerErased } from "./player-erased.v1.ts";
import type { PlayerNameChanged } from "./player-name-changed.v1.ts";
import type { PlayerRegistered } from "./player-registered.v1.ts";
import type { PlayerUnbanned } from "./player-unbanned.v1.ts";
import type { RatingChanged } from "./rating-changed.v1.ts";
import type { ReplayVerified } from "./replay-verified.v1.ts";

export type { ChatMessageReported, MatchCancelled, MatchEnded, PlayerBanned, PlayerErased, PlayerNameChanged, PlayerRegistered, PlayerUnbanned, RatingChanged, ReplayVerified };

/** The payload of each type. */
export interface EventData {
  /** A player reported a message to the moderators. The message itself is not here: chat-service has it, also when its author deletes it. */
  readonly "chat.message_reported": ChatMessageReported;
  /** A match was cancelled: it counts for nobody. */
  readonly "match.cancelled": MatchCancelled;
  /** A match was played to its end, or forfeited. The whole outcome, so that no reader has to ask back. */
  readonly "match.ended": MatchEnded;
  /** A player was banned, or an existing ban has another end. Why is in identity-service's audit log. */
  readonly "player.banned": PlayerBanned;
  /** An account was erased: whoever keeps anything about the player erases it, or cuts it from the player. */
  readonly "player.erased": PlayerErased;
  /** A player has another name. */
  readonly "player.name_changed": PlayerNameChanged;
  /** An account was made: by a registration, or for a guest. */
  readonly "player.registered": PlayerRegistered;
  /** A moderator lifted a player's ban. A ban that ends by its time is not reported. */
  readonly "player.unbanned": PlayerUnbanned;
  /** A match has changed a player's rating in a mode. */
  readonly "rating.changed": RatingChanged;
  /** A match was simulated again from its input log, and compared with its result. */
  readonly "replay.verified": ReplayVerified;
}

export type EventType = keyof EventData;

export const EVENTS = {
  "chat.message_reported": {
    version: 1,
    topic: "muster.chat-reports.v1",
    key: "channelId",
    classification: "internal",
    dataSchema: "urn:muster:event:chat.message_reported:v1",
    schema: schemaOfChatMessageReported,
  },
  "match.cancelled": {
    version: 1,
    topic: "muster.matches.v1",
    key: "matchId",
    classification: "internal",
    dataSchema: "urn:muster:event:match.cancelled:v1",
    schema: schemaOfMatchCancelled,
  },
  "match.ended": {
    version: 1,
    topic: "muster.matches.v1",
    key: "matchId",
    classification: "internal",
    dataSchema: "urn:muster:event:match.ended:v1",
    schema: schemaOfMatchEnded,
  },
  "player.banned": {
    version: 1,
    topic: "muster.players.v1",
    key: "playerId",
    classification: "internal",
    dataSchema: "urn:muster:event:player.banned:v1",
    schema: schemaOfPlayerBanned,
  },
  "player.erased": {
    version: 1,
    topic: "muster.players.v1",
    key: "playerId",
    classification: "internal",
    dataSchema: "urn:muster:event:player.erased:v1",
    schema: schemaOfPlayerErased,
  },
  "player.name_changed": {
    version: 1,
    topic: "muster.players.v1",
    key: "playerId",
    classification: "personal",
    dataSchema: "urn:muster:event:player.name_changed:v1",
    schema: schemaOfPlayerNameChanged,
  },
  "player.registered": {
    version: 1,
    topic: "muster.players.v1",
    key: "playerId",
    classification: "personal",
    dataSchema: "urn:muster:event:player.registered:v1",
    schema: schemaOfPlayerRegistered,
  },
  "player.unbanned": {
    version: 1,
    topic: "muster.players.v1",
    key: "playerId",
    classification: "internal",
    dataSchema: "urn:muster:event:player.unbanned:v1",
    schema: schemaOfPlayerUnbanned,
  },
  "rating.changed": {
    version: 1,
    topic: "muster.ratings.v1",
    key: "playerId",
    classification: "internal",
    dataSchema: "urn:muster:event:rating.changed:v1",
    schema: schemaOfRatingChanged,
  },
  "replay.verified": {
    version: 1,
    topic: "muster.replays.v1",
    key: "matchId",
    classification: "internal",
    dataSchema: "urn:muster:event:replay.verified:v1",
    schema: schemaOfReplayVerified,
  },
} as const;
