// Limits how many groups are placed at once, to what match-service can handle. A match that waits for its row already uses up
// its players' time to join, whereas tickets wait in the queue at no cost.
import { jittered } from "@muster/runtime";

const AT_ONCE_MAX = 32;
const AT_ONCE_MIN = 4;
/** Each success increases the limit by this many. */
const AT_ONCE_MORE = 1;
/** After a placement that failed: doubled by each that is begun later and fails too. */
const REST_MS = 100;
const REST_MS_MAX = 5000;

export class PlacementPace {
  readonly #now: () => number;
  readonly #random: () => number;
  #running = 0;
  #atOnceMax = AT_ONCE_MAX;
  #restMs = REST_MS;
  #restUntil = -Infinity;
  #slowedAt = -Infinity;

  /** `now`: monotonic, milliseconds. `random`: 0 to 1. */
  constructor(now: () => number, random: () => number) {
    this.#now = now;
    this.#random = random;
  }

  /** How many may be begun now. */
  get room(): number {
    return this.#now() < this.#restUntil ? 0 : Math.max(0, this.#atOnceMax - this.#running);
  }

  /** @returns to be called with the outcome: "placed", "failed" by match-service, or "neither" (no shard, or cancelled) */
  begin(): (outcome: "placed" | "failed" | "neither") => void {
    this.#running++;
    const begunAt = this.#now();
    return (outcome) => {
      this.#running--;
      if (outcome === "failed") this.#slowDown(begunAt);
      if (outcome !== "placed") return;
      this.#restMs = REST_MS;
      this.#atOnceMax = Math.min(AT_ONCE_MAX, this.#atOnceMax + AT_ONCE_MORE);
    };
  }

  /** Placements that were under way at the same time fail together: they slow the pace down once. */
  #slowDown(begunAt: number): void {
    if (begunAt < this.#slowedAt) return;
    this.#slowedAt = this.#now();
    this.#atOnceMax = Math.max(AT_ONCE_MIN, Math.floor(this.#atOnceMax / 2));
    this.#restUntil = this.#slowedAt + jittered(this.#restMs, this.#random);
    this.#restMs = Math.min(this.#restMs * 2, REST_MS_MAX);
  }
}
