import type { AuditLogTable } from "@muster/audit";
import type { ChannelKindName } from "@muster/contracts/chat/names";
import type { Generated, Selectable } from "kysely";
import type { ModerationAction } from "./audit.ts";

/** Tables of chat-service. Ids are UUIDs as text, times UTC with microseconds. */
export interface Tables {
  channels: ChannelsTable;
  members: MembersTable;
  invitations: InvitationsTable;
  messages: MessagesTable;
  mutes: MutesTable;
  blocks: BlocksTable;
  senders: SendersTable;
  direct_limits: DirectLimitsTable;
  direct_network_limits: DirectNetworkLimitsTable;
  changes: ChangesTable;
  moderation_log: ModerationLogTable;
  audit_log: AuditLogTable;
}

export interface ChannelsTable {
  id: string;
  kind: ChannelKindName;
  /** Unique key of the channel: global, match:<id>, direct:<id>:<id>, room:<name in lower case>. */
  unique_key: string;
  /** A room's name; empty otherwise. */
  name: string;
  is_private: number;
  owner_id: string | null;
  member_count: number;
  /** Number of the last message. */
  last_seq: bigint;
  /** Number of the last thing that happened to a message: see ChatService in the contract. */
  last_change: bigint;
  created_at: Date;
  /** When something last happened in it: the order of lists. */
  active_at: Date;
}

export interface MembersTable {
  channel_id: string;
  player_id: string;
  /** When the player joined. In the global channel there is a row only for who has read something. */
  name: string;
  /** Delivery starts after this change. */
  joined_change: bigint;
  last_read_seq: bigint;
  joined_at: Date;
  /** A direct channel that the player has left, or a channel of a player that is blocked: neither listed nor delivered. */
  is_hidden: Generated<number>;
}

export const INVITATION_STATES = ["pending", "declined"] as const;

/** Into rooms, until they are accepted or end by their age. */
export interface InvitationsTable {
  /** Who is invited. */
  player_id: string;
  channel_id: string;
  inviter_id: string;
  inviter_name: string;
  /** The two had met when it was made: it outlasts those of strangers when there are too many. */
  is_acquainted: number;
  /** A declined one is not listed and cannot be repeated. */
  state: (typeof INVITATION_STATES)[number];
  created_at: Date;
}

export interface MessagesTable {
  channel_id: string;
  seq: bigint;
  change_no: bigint;
  author_id: string;
  author_name: string;
  /** Empty once deleted. */
  body: string;
  /** Made by the client: unique per channel and author. */
  client_key: string;
  sent_at: Date;
  edited_at: Date | null;
  deleted_at: Date | null;
}

export interface MutesTable {
  /** All zeros: everywhere. */
  channel_id: string;
  player_id: string;
  until: Date;
  reason: string;
}

export interface BlocksTable {
  player_id: string;
  blocked_id: string;
  created_at: Date;
}

/** Rate limit by GCRA (ITU-T I.371): the theoretical arrival time of the next message. */
export interface SendersTable {
  player_id: string;
  next_at: Date;
}

export const DIRECT_SIDES = ["opener", "target"] as const;

/** Opening direct channels between strangers, by GCRA as well: for who opens, and for who is written to. */
export interface DirectLimitsTable {
  player_id: string;
  side: (typeof DIRECT_SIDES)[number];
  next_at: Date;
}

/** The share that strangers at one address have in what strangers may open with one player. */
export interface DirectNetworkLimitsTable {
  player_id: string;
  /** Of the address (IPv6: /64) and the player's id, in hexadecimal. */
  network_hash: string;
  next_at: Date;
}

/** Hints for the instances: look at this channel, or at this player's channels. Kept for an hour. */
export interface ChangesTable {
  /** Order of insertion, not of commit: `Tail` of packages/db. */
  position: Generated<bigint>;
  channel_id: string | null;
  player_id: string | null;
  created_at: Date;
}

/** Where releases before wrote what was done to whom; its rows become entries of the audit log. */
export interface ModerationLogTable {
  position: Generated<bigint>;
  at: Date;
  actor_id: string;
  action: ModerationAction;
  channel_id: string;
  target_id: string;
  reason: string;
  trace_id: string;
}

export type InvitationRow = Selectable<InvitationsTable>;
export type ChannelRow = Selectable<ChannelsTable>;
export type MessageRow = Selectable<MessagesTable>;
