import type {
  ConsumerTables,
  InboxTable,
  LetterOrdersTable,
  LetterOrderTables,
  OutboxRelaysTable,
  OutboxSlotsTable,
  OutboxTable,
  ParkedEventsTable,
} from "@muster/events";
import type { Generated } from "kysely";

/** Tables of replay-service. Ids are UUIDs as text, times UTC with microseconds. */
export interface Tables extends ConsumerTables, LetterOrderTables {
  replays: ReplaysTable;
  replay_files: ReplayFilesTable;
  replay_players: ReplayPlayersTable;
  rating_effects: RatingEffectsTable;
  inbox: InboxTable;
  parked_events: ParkedEventsTable;
  letter_orders: LetterOrdersTable;
  outbox: OutboxTable;
  outbox_slots: OutboxSlotsTable;
  outbox_relays: OutboxRelaysTable;
}

/** One row per ended match: what its event said, what was found out, and what is still to be done. */
export interface ReplaysTable {
  match_id: string;
  mode: string;
  game_id: string;
  build_id: string;
  seed: number;
  /** JSON; null: the event did not have them. */
  options: string | null;
  /** JSON: Seat[] */
  seats: string;
  /** Of the event's handling; the verification belongs to the same trace. */
  traceparent: string;
  end_reason: string;
  ticks: number;
  state_hash: string;
  created_at: Date;
  ended_at: Date;
  /** The class by which it is deleted; once suspect, for good. */
  kept_as: "ranked" | "unranked" | "suspect";
  /** Of the input log, packed; null: there is none. */
  log_bytes: number | null;
  /** Null: it has no file, or match-service has the log still. */
  file_bytes: number | null;
  /** SHA-256, base64url. */
  file_hash: string | null;
  verdict: "verified" | "suspect" | "unverifiable" | null;
  reason: string | null;
  /** For operators. */
  detail: string | null;
  verified_at: Date | null;
  /** By the server's clock: from when on it may be verified; of a claimed one, the end of the claim's lease. Null: nothing is to be done. */
  due_at: Date | null;
  /** Who verifies it fences with this. */
  claim: string | null;
  /** Claims so far, since it was last asked for: of one that ended its process each time, no further one is made. */
  attempts: Generated<number>;
  decision: "accepted" | "confirmed" | null;
  decided_at: Date | null;
  /** UUID of an account, or `operator`. NULL with a decision: one of a release that did not say. */
  decided_by: Generated<string | null>;
  decided_why: string | null;
  stored_at: Generated<Date>;
}

export interface ReplayFilesTable {
  match_id: string;
  content: Buffer;
}

/** The lists of players' replays. Without bots. */
export interface ReplayPlayersTable {
  player_id: string;
  ended_at: Date;
  match_id: string;
}

/** What rating-service is to do with a match that was suspect, and what it has done. */
export interface RatingEffectsTable {
  match_id: string;
  wanted: "excluded" | "included";
  /** Null: nothing yet. */
  applied: "excluded" | "included" | null;
  why: string;
  /** By the server's clock; null: wanted is applied. */
  due_at: Date | null;
  attempts: Generated<number>;
  changed_at: Date;
}
