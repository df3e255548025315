/** Allows `perSecond` on average and twice that in a burst. */
export class RateLimit {
  readonly #perSecond: number;
  #tokens: number;
  #at: number;

  constructor(perSecond: number, now: number) {
    this.#perSecond = perSecond;
    this.#tokens = perSecond * 2;
    this.#at = now;
  }

  take(now: number): boolean {
    this.#tokens = Math.min(this.#perSecond * 2, this.#tokens + ((now - this.#at) * this.#perSecond) / 1000);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
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
