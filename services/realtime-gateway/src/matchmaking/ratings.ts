// Ratings for tickets. They improve matches, but no ticket waits long for one: if rating-service does not answer in time, the
// last known rating is used, or a newcomer's. Ratings are requested for many players at once, in few calls.
import type { Client } from "@connectrpc/connect";
import type { RatingService } from "@muster/contracts/rating/v2";
import type { Logger } from "@muster/log";
import { type Bounded, BoundedMap } from "@muster/runtime";

/** A player's expected strength, and its standard deviation. */
export interface Rating {
  readonly mu: number;
  readonly sigma: number;
}

export type RatingSource = "read" | "known" | "default";

export interface RatingsOptions {
  readonly service: Pick<Client<typeof RatingService>, "getRatings">;
  readonly onRating: (source: RatingSource) => void;
  readonly log: Logger;
  /** How long a ticket waits for its rating. Default 300. */
  readonly waitMs?: number;
}

interface Asked {
  readonly playerId: string;
  readonly mode: string;
  readonly resolve: ((rating: Rating | undefined) => void)[];
}

type Batch = readonly (readonly [string, Asked])[];

/** Of the model that makes the ratings. */
export const NEWCOMER: Rating = { mu: 25, sigma: 25 / 3 };
const WAIT_MS = 300;
/** Ratings per call; calls at once; ratings that wait for a call: who comes then is given the last known one at once. */
const BATCH_MAX = 200;
const CALLS_MAX = 4;
const WAITING_MAX = 5000;
/** Ratings that are remembered; the longest unused is forgotten. */
const KNOWN_MAX = 20_000;

export class Ratings {
  readonly #options: RatingsOptions;
  readonly #waiting = new Map<string, Asked>();
  readonly #known = new BoundedMap<string, Rating>(KNOWN_MAX);
  #calls = 0;
  #scheduled = false;

  constructor(options: RatingsOptions) {
    this.#options = options;
  }

  get bounded(): Readonly<Record<string, Bounded>> {
    return { ratings: this.#known };
  }

  /** In time. Never rejects. */
  of(playerId: string, mode: string): Promise<Rating> {
    const key = `${playerId} ${mode}`;
    if (this.#waiting.size >= WAITING_MAX && !this.#waiting.has(key)) return Promise.resolve(this.#lastKnown(key));
    return new Promise((resolve) => {
      let waits = true;
      const timer = setTimeout(() => {
        this.#waiting.delete(key); // nobody waits for it any more
        done(undefined);
      }, this.#options.waitMs ?? WAIT_MS);
      /** Once per ticket: an answer that comes later is remembered, and counted nowhere. */
      const done = (rating: Rating | undefined): void => {
        if (!waits) return;
        waits = false;
        clearTimeout(timer);
        if (rating !== undefined) this.#options.onRating("read");
        resolve(rating ?? this.#lastKnown(key));
      };
      const asked = this.#waiting.get(key) ?? { playerId, mode, resolve: [] };
      asked.resolve.push(done);
      this.#waiting.set(key, asked);
      this.#schedule();
    });
  }

  /** What comes in one turn of the event loop is one call. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      while (this.#calls < CALLS_MAX && this.#waiting.size > 0) this.#calling(this.#next());
    });
  }

  #next(): Batch {
    const batch: (readonly [string, Asked])[] = [];
    for (const entry of this.#waiting) {
      if (batch.length >= BATCH_MAX) break;
      batch.push(entry);
      this.#waiting.delete(entry[0]);
    }
    return batch;
  }

  #calling(batch: Batch): void {
    this.#calls++;
    const players = batch.map(([, { playerId, mode }]) => ({ playerId, mode }));
    const over = (): void => {
      this.#calls--;
      if (this.#waiting.size > 0) this.#schedule();
    };
    this.#options.service
      .getRatings({ players })
      .then(
        ({ ratings }) => this.#answered(batch, ratings),
        (err: unknown) => this.#unanswered(batch, err),
      )
      .then(over, over);
  }

  #answered(batch: Batch, ratings: readonly Rating[]): void {
    for (const [i, [key, { resolve }]] of batch.entries()) {
      const { mu, sigma } = ratings[i] ?? NEWCOMER;
      const rating = { mu, sigma };
      this.#known.set(key, rating);
      for (const done of resolve) done(rating);
    }
  }

  #unanswered(batch: Batch, err: unknown): void {
    this.#options.log.warn(
      { err, players: batch.length },
      "ratings could not be read; the tickets use the last known ones",
    );
    for (const [, { resolve }] of batch) for (const done of resolve) done(undefined);
  }

  #lastKnown(key: string): Rating {
    const known = this.#known.get(key);
    this.#options.onRating(known === undefined ? "default" : "known");
    if (known !== undefined) this.#known.set(key, known);
    return known ?? NEWCOMER;
  }
}
