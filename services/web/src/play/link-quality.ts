// What the player sees of the connection: the round trip, and frames that did not arrive.
import type { PlayingMatch, Realtime } from "@muster/client";
import { signal } from "@preact/signals";

const PING_EVERY_MS = 1000;
const KEPT = 10;
/** A match that ticks sends thirty frames a second: with none for so long, the connection is lost or about to be. */
const SILENCE_MS = 1000;

export class LinkQuality {
  /** The median of the last ten round trips to the gateway; undefined before the first. */
  readonly latencyMs = signal<number | undefined>(undefined);
  /** Share of the frames that were skipped because an earlier one was missing, 0 to 1. */
  readonly loss = signal(0);
  readonly lost = signal(false);
  readonly #roundTrips: number[] = [];
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(realtime: Realtime, match: PlayingMatch, onRoundTrip: (ms: number) => void) {
    let [applied, heardAt] = [match.framesApplied, performance.now()];
    let asking = false;
    this.#timer = setInterval(() => {
      const frames = match.framesApplied + match.framesSkipped;
      this.loss.value = frames === 0 ? 0 : match.framesSkipped / frames;
      if (match.framesApplied !== applied || match.tickRate === 0)
        [applied, heardAt] = [match.framesApplied, performance.now()];
      this.lost.value = performance.now() - heardAt > SILENCE_MS;
      if (asking) return;
      asking = true;
      realtime
        .ping()
        .then((ms) => {
          this.#roundTrips.push(ms);
          if (this.#roundTrips.length > KEPT) this.#roundTrips.shift();
          this.latencyMs.value = this.#roundTrips.toSorted((a, b) => a - b)[this.#roundTrips.length >> 1];
          if (match.tickRate === 0) this.lost.value = false;
          onRoundTrip(ms);
        })
        .catch(() => (this.lost.value = true)) // not connected: it reconnects by itself
        .finally(() => (asking = false));
    }, PING_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
