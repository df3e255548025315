// What is drawn, after a correction: the error is not shown at once but fades. For numbers such as positions, which may
// wrap around.

export interface SmoothingOptions {
  /** Half of an error is gone after this long, ms. Default 70. */
  readonly halfLifeMs?: number;
  /** Numbers are modulo this: the shorter way around counts. */
  readonly wrap?: number;
  /** A larger error, all numbers together, is shown at once: a respawn, not a drift. Default: none is. */
  readonly snapAbove?: number;
}

export class Smoothing {
  readonly #halfLifeMs: number;
  readonly #wrap: number | undefined;
  readonly #snapAbove: number;
  #offsets: number[] = [];
  #at = 0;

  constructor({ halfLifeMs = 70, wrap, snapAbove = Infinity }: SmoothingOptions = {}) {
    this.#halfLifeMs = halfLifeMs;
    this.#wrap = wrap;
    this.#snapAbove = snapAbove;
  }

  /** A correction moved the numbers from `before` to `after`, for one and the same tick. */
  corrected(before: readonly number[], after: readonly number[], now: number): void {
    this.#fade(now);
    const jumps = after.map((value, i) => this.#shorter((before[i] as number) - value));
    const snaps = Math.hypot(...jumps) > this.#snapAbove;
    this.#offsets = jumps.map((jump, i) => (snaps ? 0 : this.#shorter((this.#offsets[i] ?? 0) + jump)));
  }

  /** What to draw for these numbers now. */
  shown(values: readonly number[], now: number): number[] {
    this.#fade(now);
    return values.map((value, i) => this.#within(value + (this.#offsets[i] ?? 0)));
  }

  #fade(now: number): void {
    const left = 0.5 ** (Math.max(0, now - this.#at) / this.#halfLifeMs);
    this.#at = now;
    this.#offsets = this.#offsets.map((offset) => offset * left);
  }

  #shorter(distance: number): number {
    if (this.#wrap === undefined) return distance;
    const within = this.#within(distance);
    return within > this.#wrap / 2 ? within - this.#wrap : within;
  }

  #within(value: number): number {
    return this.#wrap === undefined ? value : ((value % this.#wrap) + this.#wrap) % this.#wrap;
  }
}
