// The client SDK. It runs in Node 24 and in browsers, and needs only fetch and WebSocket from the platform.
export { MusterClient } from "./client.ts";
export type { Channel, ChannelPage, ChatApi, Invitation, Member, MemberPage, Message, MessagePage } from "./chat.ts";
export type { ConnectionListener, ConnectionState } from "./connection-state.ts";
export { MusterError, type MusterErrorCode, type SdkErrorCode } from "./errors.ts";
export type { MatchEnd } from "./match.ts";
export { PlayingMatch } from "./match.ts";
export { type Correction, Prediction, type PredictionOptions } from "./prediction.ts";
export { Smoothing, type SmoothingOptions } from "./smoothing.ts";
export type { FoundMatch, QueueOptions } from "./queue.ts";
export type {
  LeaderboardEntry,
  LeaderboardOptions,
  LeaderboardPage,
  LeaderboardRank,
  PlayerRatings,
  Rating,
  RatingHistoryPage,
  RatingsApi,
  SeasonList,
} from "./ratings.ts";
export { Realtime } from "./realtime.ts";
export type { RealtimeOptions } from "./realtime-options.ts";
export {
  type ClientOptions,
  type Credentials,
  type MessageReport,
  type PlayerReport,
  RestClient,
} from "./rest-client.ts";
export type { ReplayPage, ReplaysApi, ReplaySummary } from "./replays.ts";
export type { JoinOptions } from "./same-game.ts";
export { WatchedMatch } from "./watched-match.ts";
export type { DeviceInfo, HistoryPage, MatchSummary, ModeInfo, Player, Session, Tokens } from "./rest.ts";
