import type { CancelReasonName, EndReasonName, MatchStateName } from "@muster/contracts/match/names";
import type { OutboxRelaysTable, OutboxSlotsTable, OutboxTable } from "@muster/events";
import type { Generated } from "kysely";

/** Tables of match-service. Ids are UUIDv7 as text, times UTC with microseconds. */
export interface Tables {
  matches: MatchesTable;
  lease_clock: LeaseClockTable;
  participants: ParticipantsTable;
  replays: ReplaysTable;
  ratings: RatingsTable;
  outbox: OutboxTable;
  outbox_slots: OutboxSlotsTable;
  outbox_relays: OutboxRelaysTable;
}

export interface MatchesTable {
  id: string;
  mode: string;
  game_id: string;
  build_id: string;
  /** Unsigned 32 bits. */
  seed: number;
  /** Fencing epoch: from 1, raised when another shard takes over. */
  epoch: number;
  shard_id: string;
  state: MatchStateName;
  created_at: Date;
  ended_at: Date | null;
  end_reason: EndReasonName | null;
  cancel_reason: CancelReasonName | null;
  ticks: number;
  /** 8 hexadecimal digits; empty before the end. */
  state_hash: string;
  /** JSON: the game's options by name. */
  options: string;
  /** The round in which its shard was last known to hold it; NULL: its shard renews no leases, and it has none. */
  lease_round: number | null;
}

/** One row: the clock of the leases. It counts rounds in which a match-service was there, and no time of day. */
export interface LeaseClockTable {
  id: number;
  round: number;
}

export interface ParticipantsTable {
  match_id: string;
  seat: number;
  player_id: string;
  player_name: string;
  /** Copy of the match's, so that a history page is one index range. */
  created_at: Date;
  /** NULL until the match has ended. */
  score: number | null;
  rank: number | null;
  /** NULL for a player, else the game's bot that played this seat. */
  bot: string | null;
  /** NULL: everyone plays alone. */
  team: number | null;
  /** 1: left early, or did nothing. */
  unplayed: Generated<number>;
}

/** What is needed besides the row to replay an ended match. */
export interface ReplaysTable {
  match_id: string;
  /** Input log, deflated. */
  input_log: Buffer;
  created_at: Generated<Date>;
}

/** Elo ratings of releases before v2.1, which still write them during an upgrade. This one neither reads nor writes it. */
export interface RatingsTable {
  player_id: string;
  mode: string;
  /** Elo points. */
  rating: number;
  matches: number;
}

export const EVENT_TYPES = ["match.ended", "match.cancelled"] as const;
