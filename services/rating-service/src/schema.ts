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

/**
 * Tables of rating-service. Ids are UUIDs as text, times UTC. A match's id is of ASCII where results are ordered by it: the server orders its
 * `uuid` in another way than JavaScript orders text.
 */
export interface Tables extends ConsumerTables, LetterOrderTables {
  modes: ModesTable;
  seasons: SeasonsTable;
  results: ResultsTable;
  exclusions: ExclusionsTable;
  rewinds: RewindsTable;
  erasures: ErasuresTable;
  heads: HeadsTable;
  points: PointsTable;
  ratings: RatingsTable;
  board_counts: BoardCountsTable;
  board_equals: BoardEqualsTable;
  board_changes: BoardChangesTable;
  inbox: InboxTable;
  parked_events: ParkedEventsTable;
  letter_orders: LetterOrdersTable;
  outbox: OutboxTable;
  outbox_slots: OutboxSlotsTable;
  outbox_relays: OutboxRelaysTable;
}

/** Its rows are locks: shared for who applies a result, exclusive for who moves what is applied. */
export interface ModesTable {
  mode: string;
}

export interface SeasonsTable {
  season: number;
  name: string;
  starts_at: Date;
}

/** What was needed of each `match.ended`. */
export interface ResultsTable {
  match_id: string;
  mode: string;
  ended_at: Date;
  region: string;
  /** JSON: Participant[] */
  participants: string;
  /** Without bots, and with somebody to play against. */
  rated: number;
  stored_at: Generated<Date>;
}

/** Matches that are taken out; also some that have not come yet. */
export interface ExclusionsTable {
  match_id: string;
  reason: string;
  excluded_at: Date;
}

/** Players whose accounts are erased: they have no ratings, whatever else is known of their ids. */
export interface ErasuresTable {
  player_id: string;
  erased_at: Date;
}

/** Requests to compute a mode again from a result on. */
export interface RewindsTable {
  position: Generated<bigint>;
  mode: string;
  match_id: string;
  requested_at: Generated<Date>;
}

/** The state that the next result of the player begins with. Its row is the player's lock in the mode. */
export interface HeadsTable {
  mode: string;
  player_id: string;
  /** 0: no result yet. */
  season: number;
  mu: number;
  sigma: number;
  matches: number;
  region: string;
  reached_at: Date;
  /** The last result. */
  ended_at: Date;
  match_id: string;
}

/** What each result did to each of its players: the state after it, and what was before. */
export interface PointsTable {
  player_id: string;
  mode: string;
  ended_at: Date;
  match_id: string;
  season: number;
  mu_before: number;
  sigma_before: number;
  mu: number;
  sigma: number;
  matches: number;
  region: string;
  reached_at: Date;
  algorithm: string;
}

/** Of each season: who has a match in it. */
export interface RatingsTable {
  mode: string;
  season: number;
  player_id: string;
  mu: number;
  sigma: number;
  display: number;
  matches: number;
  region: string;
  reached_at: Date;
}

/** How many players of a board have a display rating, without what `board_changes` still adds. */
export interface BoardCountsTable {
  mode: string;
  season: number;
  /** `*`: all regions. */
  region: string;
  display: number;
  players: number;
}

/** The same, by when they got there: see bucketOf. */
export interface BoardEqualsTable {
  mode: string;
  season: number;
  /** `*`: all regions. */
  region: string;
  display: number;
  bucket: number;
  players: number;
}

/** What is to be added to the counts. */
export interface BoardChangesTable {
  position: Generated<bigint>;
  mode: string;
  season: number;
  /** The player's; empty for none. */
  region: string;
  display: number;
  bucket: number;
  delta: number;
}
