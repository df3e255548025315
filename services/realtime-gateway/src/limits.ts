/** What a socket may send: `perSecond` on average, twice that in a burst. @returns what is left after so many seconds */
export function refilled(left: number, perSecond: number, seconds: number): number {
  // Whole: the engine keeps a fraction somewhere else in memory.
  return Math.round(Math.min(perSecond * 2, Math.max(0, left) + perSecond * seconds));
}

const TELL_EVERY_MS = 1000;
const WINDOW_MS = 10_000;

/** Refused inputs of one socket: told at most once a second per reason, and too many end the connection. */
export class InputRefusals<Code extends string> {
  readonly #max: number;
  readonly #untold = new Map<Code, number>();
  #toldAt = -Infinity;
  #windowFrom = 0;
  #inWindow = 0;

  constructor(maxPerWindow: number) {
    this.#max = maxPerWindow;
  }

  /** False: more than the limit in ten seconds. */
  add(code: Code, now: number): boolean {
    if (now - this.#windowFrom > WINDOW_MS) {
      this.#windowFrom = now;
      this.#inWindow = 0;
    }
    this.#inWindow++;
    this.#untold.set(code, (this.#untold.get(code) ?? 0) + 1);
    return this.#inWindow <= this.#max;
  }

  /** What to tell now, with counts; empty when it is too soon. */
  take(now: number): [Code, number][] {
    if (this.#untold.size === 0 || now - this.#toldAt < TELL_EVERY_MS) return [];
    this.#toldAt = now;
    const all = [...this.#untold];
    this.#untold.clear();
    return all;
  }
}
