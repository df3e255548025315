// The fold from nothing, beside what is stored: they are equal to the last bit, or something is wrong.
import { type Database, inTransaction } from "@muster/db";
import type { Transaction } from "kysely";
import { type RawBuilder, sql } from "kysely";
import { bucketOf } from "./boards.ts";
import { displayOf } from "./display.ts";
import { foldResult, type PlayerState, type Point } from "./fold.ts";
import type { Position } from "./position.ts";
import { Meetings } from "./meetings.ts";
import { ALGORITHM } from "./rate-match.ts";
import { sameState } from "./rewind.ts";
import type { Tables } from "./schema.ts";
import { findErased } from "./store/erasures.ts";
import { listResults, type StoredResult } from "./store/results.ts";
import { findHeads, findRatings, listPointsOfMatches, listSeasons, type PointRow, stateOf } from "./store/states.ts";

const PAGE_RESULTS = 500;
const DIFFERENCES_MAX = 20;

export interface Recomputed {
  readonly results: number;
  readonly players: number;
  /** The first few differences between what is stored and what was computed. */
  readonly differences: readonly string[];
}

/** Reads one moment of the database and writes nothing. */
export function compareWithFold(db: Database<Tables>, mode: string): Promise<Recomputed> {
  return inTransaction(db, (tx) => new Comparison(tx, mode).run(), { repeatable: "compare" });
}

class Comparison {
  readonly #tx: Transaction<Tables>;
  readonly #mode: string;
  readonly #states = new Map<string, PlayerState>();
  readonly #last = new Map<string, Position>();
  /** By player and season; of those who are not erased. */
  readonly #ratings = new Map<string, PlayerState>();
  readonly #meetings = new Meetings();
  readonly #differences: string[] = [];
  #points = 0;

  constructor(tx: Transaction<Tables>, mode: string) {
    this.#tx = tx;
    this.#mode = mode;
  }

  async run(): Promise<Recomputed> {
    const seasons = await listSeasons(this.#tx);
    let results = 0;
    for (let start: Parameters<typeof listResults>[2] = {}; ; ) {
      const page = await listResults(this.#tx, this.#mode, start, PAGE_RESULTS);
      const stored = Map.groupBy(
        await listPointsOfMatches(
          this.#tx,
          page.map(({ matchId }) => matchId),
        ),
        ({ match_id }) => match_id,
      );
      for (const result of page) this.#compare(result, result.excluded ? [] : this.#fold(result, seasons), stored);
      results += page.length;
      const last = page.at(-1);
      if (!last || page.length < PAGE_RESULTS) break;
      start = { after: last };
    }
    await this.#leaveOutErased();
    await this.#compareTotals();
    await this.#compareHeads();
    await this.#compareRatings();
    await this.#compareCounts();
    return { results, players: this.#states.size, differences: this.#differences };
  }

  #fold(result: StoredResult, seasons: Awaited<ReturnType<typeof listSeasons>>): Point[] {
    const points = foldResult(result, this.#states, this.#meetings, seasons);
    for (const { playerId, after } of points) {
      this.#states.set(playerId, after);
      this.#last.set(playerId, result);
      this.#meetings.add(playerId, result);
      if (after.matches > 0) this.#ratings.set(`${playerId} ${after.season}`, after);
    }
    this.#points += points.length;
    return points;
  }

  async #leaveOutErased(): Promise<void> {
    const erased = await findErased(this.#tx, [...this.#states.keys()]);
    for (const key of this.#ratings.keys()) if (erased.has(key.split(" ")[0] as string)) this.#ratings.delete(key);
  }

  #compare(result: StoredResult, points: readonly Point[], stored: ReadonlyMap<string, PointRow[]>): void {
    const rows = new Map((stored.get(result.matchId) ?? []).map((row) => [row.player_id, row]));
    if (rows.size !== points.length)
      this.#differs(`match ${result.matchId}: ${rows.size} points, not ${points.length}`);
    for (const { playerId, before, after } of points) {
      const row = rows.get(playerId);
      const same =
        row &&
        sameState(stateOf(row), after) &&
        Object.is(row.mu_before, before.mu) &&
        Object.is(row.sigma_before, before.sigma) &&
        row.algorithm === ALGORITHM;
      if (!same) this.#differs(`match ${result.matchId}, player ${playerId}: another point`);
    }
  }

  async #compareTotals(): Promise<void> {
    for (const [table, expected] of [
      ["points", this.#points],
      ["ratings", this.#ratings.size],
      ["heads", this.#states.size],
    ] as const) {
      const { rows } = await sql<{ n: number }>`
        select count(*) as n from ${sql.table(table)} where mode = ${this.#mode}`.execute(this.#tx);
      if (Number(rows[0]?.n) !== expected) this.#differs(`${table}: ${rows[0]?.n} rows, not ${expected}`);
    }
  }

  async #compareHeads(): Promise<void> {
    const heads = await findHeads(this.#tx, this.#mode, [...this.#states.keys()]);
    for (const [playerId, state] of this.#states) {
      const head = heads.get(playerId);
      const last = this.#last.get(playerId);
      if (!head || !sameState(head.state, state) || head.last.matchId !== last?.matchId)
        this.#differs(`player ${playerId}: another head`);
    }
  }

  async #compareRatings(): Promise<void> {
    for (const { playerId, state } of await findRatings(this.#tx, this.#mode, [...this.#states.keys()])) {
      const computed = this.#ratings.get(`${playerId} ${state.season}`);
      if (!computed || !sameState(state, computed))
        this.#differs(`player ${playerId}, season ${state.season}: another rating`);
    }
  }

  /** The counts, with the changes that are still to be added. */
  async #compareCounts(): Promise<void> {
    const [counts, equals] = [new Map<string, number>(), new Map<string, number>()];
    const add = (to: Map<string, number>, key: string): void => void to.set(key, (to.get(key) ?? 0) + 1);
    for (const state of this.#ratings.values())
      for (const region of state.region === "" ? ["*"] : ["*", state.region]) {
        const key = `${state.season} ${region} ${displayOf(state)}`;
        add(counts, key);
        add(equals, `${key} ${bucketOf(state.reachedAtMs).bucket}`);
      }
    this.#compareCounted("board_counts", counts, await this.#counted("board_counts", sql`0`));
    this.#compareCounted("board_equals", equals, await this.#counted("board_equals", sql`bucket`));
  }

  #compareCounted(table: string, computed: ReadonlyMap<string, number>, stored: ReadonlyMap<string, number>): void {
    if (stored.size !== computed.size) this.#differs(`${table}: ${stored.size} rows, not ${computed.size}`);
    for (const [key, players] of stored)
      if (players !== computed.get(key)) this.#differs(`${table}: ${players} at ${key}, not ${computed.get(key) ?? 0}`);
  }

  async #counted(table: "board_counts" | "board_equals", bucket: RawBuilder<unknown>): Promise<Map<string, number>> {
    const { rows } = await sql<{ season: number; region: string; display: number; b: number; players: number }>`
      select season, region, display, b, sum(players) as players from (
        select season, region, display, ${bucket} as b, players from ${sql.table(table)} where mode = ${this.#mode}
        union all select season, '*', display, ${bucket}, delta from board_changes where mode = ${this.#mode}
        union all select season, region, display, ${bucket}, delta from board_changes
                   where mode = ${this.#mode} and region <> ''
      ) as counted group by season, region, display, b having players <> 0`.execute(this.#tx);
    const withBucket = table === "board_equals";
    return new Map(
      rows.map(({ season, region, display, b, players }) => [
        `${season} ${region} ${display}${withBucket ? ` ${b}` : ""}`,
        Number(players),
      ]),
    );
  }

  #differs(what: string): void {
    if (this.#differences.length < DIFFERENCES_MAX) this.#differences.push(what);
  }
}
