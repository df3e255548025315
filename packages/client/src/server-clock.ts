// Estimates the server's current tick, and how far ahead a client must be for its inputs to arrive in time.

/** Arrivals considered: the earliest one shows the delay without jitter and stalls. */
const ARRIVALS = 90;
/** Round trips considered: a stall does not change the median. */
const ROUND_TRIPS = 9;

export class ServerClock {
  readonly #tickMs: number;
  readonly #marginTicks: number;
  /** Arrival time of each tick, minus the time that its number accounts for. */
  readonly #offsets: number[] = [];
  readonly #roundTrips: number[] = [];
  #at = 0;
  #lead: number;
  #last = -1;

  constructor(tickMs: number, marginTicks: number) {
    this.#tickMs = tickMs;
    this.#marginTicks = marginTicks;
    this.#lead = marginTicks;
  }

  onTick(tick: number, now: number): void {
    this.#offsets[this.#at++ % ARRIVALS] = now - tick * this.#tickMs;
  }

  onRoundTrip(ms: number): void {
    this.#roundTrips.push(ms);
    if (this.#roundTrips.length > ROUND_TRIPS) this.#roundTrips.shift();
    const median = this.#roundTrips.toSorted((a, b) => a - b)[this.#roundTrips.length >> 1] as number;
    this.#lead = Math.ceil(median / this.#tickMs) + this.#marginTicks;
  }

  /** Never runs backwards. */
  predictedTick(now: number): number {
    if (this.#offsets.length === 0) return -1;
    const heard = (now - Math.min(...this.#offsets)) / this.#tickMs;
    this.#last = Math.max(this.#last, Math.floor(heard) + this.#lead);
    return this.#last;
  }
}
