// A mode, computed again from a result on: for results that came late, were taken out, or put back. The rules: design/backend/v2.1-rating.md.
import { type Database, inTransaction } from "@muster/db";
import { must } from "@muster/errors";
import { appendEvents } from "@muster/events";
import type { Transaction } from "kysely";
import { boardChanges, type RatingChange } from "./boards.ts";
import { ratingChanged } from "./events.ts";
import { foldResult, type PlayerState, type Point } from "./fold.ts";
import type { Position } from "./position.ts";
import { Meetings } from "./meetings.ts";
import { NEWCOMER } from "./rate-match.ts";
import type { Tables } from "./schema.ts";
import type { Season } from "./seasons.ts";
import { countAgain, insertBoardChanges } from "./store/boards.ts";
import { lockErased } from "./store/erasures.ts";
import { deleteRewinds, listResults, listRewinds, type StoredResult } from "./store/results.ts";
import {
  deleteHeads,
  deletePoints,
  deleteRatings,
  findHeads,
  findPointsBefore,
  findRatings,
  type Head,
  listMeetings,
  listSeasons,
  lockMode,
  type SeasonRating,
  storeHeads,
  storePoints,
  storeRatings,
} from "./store/states.ts";

type Tx = Transaction<Tables>;

const PAGE_RESULTS = 500;

export interface Rewound {
  /** Results that were looked at, and those that were computed again. */
  readonly results: number;
  readonly computed: number;
  /** Players whose rating is another one now. */
  readonly players: number;
}

export interface RewindOptions {
  readonly now: () => Date;
  /** All results of the mode, requested or not. */
  readonly everything?: boolean;
  /** Read at once. */
  readonly pageResults?: number;
}

/** Does what is requested for a mode, in one transaction. */
export function rewindMode(
  db: Database<Tables>,
  mode: string,
  { now, everything = false, pageResults = PAGE_RESULTS }: RewindOptions,
): Promise<Rewound> {
  return inTransaction(
    db,
    async (tx) => {
      await lockMode(tx, mode);
      const requests = await listRewinds(tx, mode);
      const rewind = new Rewind(tx, mode, await listSeasons(tx), everything ? "all" : requests);
      const rewound = await rewind.run(requests[0], now(), pageResults);
      await deleteRewinds(
        tx,
        requests.map(({ position }) => position),
      );
      return rewound;
    },
    { isolation: "read committed", repeatable: "rewind" }, // each statement sees what was committed before the mode was locked
  );
}

/** A player from the result on from which it is affected. */
interface Affected {
  /** What came before that result, which stays. */
  readonly before: Head | undefined;
  now: Head | undefined;
  /** The last state in each season since then. */
  readonly seasons: Map<number, PlayerState>;
}

class Rewind {
  readonly #tx: Tx;
  readonly #mode: string;
  readonly #seasons: readonly Season[];
  readonly #requested: ReadonlySet<string> | "all";
  readonly #affected = new Map<string, Affected>();
  readonly #meetings = new Meetings();

  constructor(tx: Tx, mode: string, seasons: readonly Season[], requested: readonly Position[] | "all") {
    this.#tx = tx;
    this.#mode = mode;
    this.#seasons = seasons;
    this.#requested = requested === "all" ? "all" : new Set(requested.map(({ matchId }) => matchId));
  }

  async run(first: Position | undefined, now: Date, pageResults: number): Promise<Rewound> {
    if (this.#requested !== "all" && !first) return { results: 0, computed: 0, players: 0 };
    let [results, computed] = [0, 0];
    let start: Parameters<typeof listResults>[2] = this.#requested === "all" || !first ? {} : { from: first };
    for (;;) {
      const page = await listResults(this.#tx, this.#mode, start, pageResults);
      results += page.length;
      computed += await this.#page(page);
      const last = page.at(-1);
      if (!last || page.length < pageResults) break;
      start = { after: last };
    }
    return { results, computed, players: await this.#store(now) };
  }

  async #page(page: readonly StoredResult[]): Promise<number> {
    const { work, joining } = this.#select(page);
    await this.#join(joining);
    const computed: { result: StoredResult; points: Point[] }[] = [];
    for (const result of work) if (!result.excluded) computed.push({ result, points: this.#compute(result) });
    await deletePoints(
      this.#tx,
      work.filter(({ excluded }) => excluded).map(({ matchId }) => matchId),
    );
    await storePoints(this.#tx, computed);
    return computed.length;
  }

  /** The page's results that have an affected player, and who is affected from now on. */
  #select(page: readonly StoredResult[]): {
    work: StoredResult[];
    joining: { playerId: string; before: Position }[];
  } {
    const joining = new Map<string, Position>();
    const isAffected = (playerId: string): boolean => this.#affected.has(playerId) || joining.has(playerId);
    const work = page.filter((result) => {
      const requested = this.#requested === "all" || this.#requested.has(result.matchId);
      if (!requested && !result.participants.some(({ playerId }) => isAffected(playerId))) return false;
      for (const { playerId } of result.participants) if (!isAffected(playerId)) joining.set(playerId, result);
      return true;
    });
    return { work, joining: [...joining].map(([playerId, before]) => ({ playerId, before })) };
  }

  /** Reads what they were before: points of earlier results are right, and stay. */
  async #join(joining: readonly { readonly playerId: string; readonly before: Position }[]): Promise<void> {
    if (joining.length === 0) return;
    const fromNothing = this.#requested === "all";
    const heads = fromNothing ? new Map<string, Head>() : await findPointsBefore(this.#tx, this.#mode, joining);
    for (const { playerId } of joining) {
      const before = heads.get(playerId);
      const seasons = new Map(before ? [[before.state.season, before.state]] : []);
      this.#affected.set(playerId, { before, now: before, seasons });
      this.#meetings.add(playerId);
    }
    if (fromNothing) return;
    const known = joining.filter(({ playerId }) => heads.has(playerId));
    for (const { playerId, ...match } of await listMeetings(this.#tx, this.#mode, known))
      this.#meetings.add(playerId, match);
  }

  #compute(result: StoredResult): Point[] {
    const states = new Map<string, PlayerState>();
    for (const { playerId } of result.participants) {
      const state = this.#of(playerId).now?.state;
      if (state) states.set(playerId, state);
    }
    const points = foldResult(result, states, this.#meetings, this.#seasons);
    for (const { playerId, after } of points) {
      const affected = this.#of(playerId);
      affected.now = { state: after, last: { endedAtMs: result.endedAtMs, matchId: result.matchId } };
      affected.seasons.set(after.season, after);
      this.#meetings.add(playerId, result);
    }
    return points;
  }

  #of(playerId: string): Affected {
    return must(this.#affected.get(playerId), "whoever is computed is affected");
  }

  /** Heads, ratings, counts and events of those who are affected. @returns whose current rating has changed */
  async #store(now: Date): Promise<number> {
    const ids = [...this.#affected.keys()].toSorted();
    const heads = new Map<string, Head>();
    const gone: string[] = [];
    for (const id of ids) {
      const head = this.#of(id).now;
      if (head) heads.set(id, head);
      else gone.push(id);
    }
    const earlier = await findHeads(this.#tx, this.#mode, ids);
    const erased = await lockErased(this.#tx, ids);
    await storeHeads(this.#tx, this.#mode, heads);
    await deleteHeads(this.#tx, this.#mode, gone);
    await this.#storeRatings(ids, erased);
    const changed = [...heads].flatMap(([playerId, { state, last }]) => {
      if (erased.has(playerId)) return [];
      const before = earlier.get(playerId)?.state ?? { ...state, ...NEWCOMER, matches: 0 };
      if ((before.mu === state.mu && before.sigma === state.sigma) || state.matches === 0) return [];
      return [{ playerId, mode: this.#mode, matchId: last.matchId, before, after: state }];
    });
    await appendEvents(
      this.#tx,
      changed.map((one) => ratingChanged(one, now)),
    );
    return changed.length + gone.filter((id) => earlier.has(id)).length;
  }

  async #storeRatings(ids: readonly string[], erased: ReadonlySet<string>): Promise<void> {
    const stored = Map.groupBy(await findRatings(this.#tx, this.#mode, ids), ({ playerId }) => playerId);
    const changes: RatingChange[] = [];
    const written: SeasonRating[] = [];
    const deleted: { playerId: string; season: number }[] = [];
    for (const playerId of ids) {
      const { before, seasons } = this.#of(playerId);
      const old = new Map((stored.get(playerId) ?? []).map(({ state }) => [state.season, state]));
      for (const season of new Set([...old.keys(), ...seasons.keys()])) {
        if (before && season < before.state.season) continue; // is over, and stays
        const state = seasons.get(season);
        const after = state && state.matches > 0 && !erased.has(playerId) ? state : undefined;
        const was = old.get(season);
        if (after && was && sameState(was, after)) continue;
        if (after) written.push({ playerId, state: after });
        else if (was) deleted.push({ playerId, season });
        else continue;
        changes.push({ before: was, after });
      }
    }
    await storeRatings(this.#tx, this.#mode, written);
    await deleteRatings(this.#tx, this.#mode, deleted);
    if (this.#requested === "all") await countAgain(this.#tx, this.#mode);
    else await insertBoardChanges(this.#tx, this.#mode, boardChanges(changes));
  }
}

export function sameState(a: PlayerState, b: PlayerState): boolean {
  return (
    Object.is(a.mu, b.mu) &&
    Object.is(a.sigma, b.sigma) &&
    a.season === b.season &&
    a.matches === b.matches &&
    a.region === b.region &&
    a.reachedAtMs === b.reachedAtMs
  );
}
