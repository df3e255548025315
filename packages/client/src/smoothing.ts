// Smooths drawn values after a correction: the error fades instead of jumping. For numbers such as positions, which may
// wrap around.

export interface SmoothingOptions {
  /** Time in which an error fades by half, ms. Default 70. */
  readonly halfLifeMs?: number;
  /** Numbers wrap around at this value; the shorter way around is used. */
  readonly wrap?: number;
  /** A larger error (over all numbers together) is applied immediately: a respawn, not a drift. Default: no limit. */
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

  /** Call this when a correction moved the numbers from `before` to `after` for the same tick. */
  corrected(before: readonly number[], after: readonly number[], now: number): void {
    this.#fade(now);
    const jumps = after.map((value, i) => this.#shorter((before[i] as number) - value));
    const snaps = Math.hypot(...jumps) > this.#snapAbove;
    this.#offsets = jumps.map((jump, i) => (snaps ? 0 : this.#shorter((this.#offsets[i] ?? 0) + jump)));
  }

  /** @returns what to draw now for these numbers */
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
