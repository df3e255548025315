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
  /** The connection is lost, and reconnects. */
  #away = false;
  readonly #stopListening: () => void;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(realtime: Realtime, match: PlayingMatch, onRoundTrip: (ms: number) => void) {
    let [applied, heardAt] = [match.framesApplied, performance.now()];
    let asking = false;
    this.#stopListening = realtime.onConnection(({ state }) => {
      this.#away = state !== "connected";
      this.lost.value = this.#away;
    });
    this.#timer = setInterval(() => {
      const frames = match.framesApplied + match.framesSkipped;
      this.loss.value = frames === 0 ? 0 : match.framesSkipped / frames;
      if (match.framesApplied !== applied || match.tickRate === 0)
        [applied, heardAt] = [match.framesApplied, performance.now()];
      this.lost.value = this.#away || performance.now() - heardAt > SILENCE_MS;
      if (asking) return;
      asking = true;
      realtime
        .ping()
        .then((ms) => {
          this.#roundTrips.push(ms);
          if (this.#roundTrips.length > KEPT) this.#roundTrips.shift();
          this.latencyMs.value = this.#roundTrips.toSorted((a, b) => a - b)[this.#roundTrips.length >> 1];
          onRoundTrip(ms);
        })
        .catch(() => undefined) // not connected: the listener above has heard of it
        .finally(() => (asking = false));
    }, PING_EVERY_MS);
  }

  stop(): void {
    this.#stopListening();
    clearInterval(this.#timer);
  }
}
