// Runs in Node (24) and in browsers: fetch, WebSocket and nothing else from the platform.
export { type ClientOptions, type Credentials, MusterClient } from "./client.ts";
export type { Channel, ChatApi, Message, MessagePage } from "./chat.ts";
export { MusterError } from "./errors.ts";
export type { MatchEnd } from "./match.ts";
export { PlayingMatch } from "./match.ts";
export { type FoundMatch, type QueueOptions, Realtime, type RealtimeOptions } from "./realtime.ts";
export type { DeviceInfo, HistoryPage, MatchSummary, ModeInfo, Player, Session, Tokens } from "./rest.ts";
