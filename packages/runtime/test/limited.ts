// A server behind a gradient limit, in simulated time. With more calls than it serves at once, each goes on more slowly: what they share is a
// processor or a pool.
import { GradientLimit } from "../src/load/gradient-limit.ts";

export interface ServerModel {
  readonly min: number;
  readonly max: number;
  /** Served at once without slowing each other down. */
  readonly atOnce: number;
  readonly serviceMs: number;
}

export interface Load {
  readonly perS: number;
  readonly forMs: number;
  /** Instead of the server's: a dependency that is slower. */
  readonly serviceMs?: number;
  /** Of the calls, so many are of another method. */
  readonly slowShare?: number;
  readonly slowMs?: number;
}

export interface Outcome {
  readonly answered: number;
  readonly refused: number;
  /** On average. */
  readonly latencyMs: number;
  readonly limit: number;
  /** In the second half, once a second. */
  readonly limits: readonly number[];
}

const TICK_MS = 1;

export class Limited {
  readonly #model: ServerModel;
  readonly #limit: GradientLimit;
  #now = 0;
  #inFlight: { readonly kind: string; readonly beganAt: number; left: number }[] = [];
  #random = 1;

  constructor(model: ServerModel) {
    this.#model = model;
    this.#limit = new GradientLimit({ min: model.min, max: model.max, now: () => this.#now });
  }

  run(load: Load): Outcome {
    const { serviceMs = this.#model.serviceMs, slowShare = 0, slowMs = serviceMs } = load;
    const until = this.#now + load.forMs;
    const middle = this.#now + load.forMs / 2;
    const limits: number[] = [];
    let [answered, refused, totalMs] = [0, 0, 0];
    while (this.#now < until) {
      this.#now += TICK_MS;
      // As many as come on average, at random times.
      for (let come = (load.perS * TICK_MS * 2 * this.#chance()) / 1000; come > this.#chance(); come--) {
        const slow = this.#chance() < slowShare;
        if (this.#inFlight.length >= this.#limit.limit) refused++;
        else
          this.#inFlight.push({
            kind: slow ? "slow" : "fast",
            beganAt: this.#now,
            left: (slow ? slowMs : serviceMs) * (0.5 + this.#chance()),
          });
      }
      const share = Math.min(1, this.#model.atOnce / Math.max(1, this.#inFlight.length));
      for (const call of this.#inFlight) call.left -= TICK_MS * share;
      const ended = this.#inFlight.filter(({ left }) => left <= 0);
      const before = this.#inFlight.length;
      this.#inFlight = this.#inFlight.filter(({ left }) => left > 0);
      for (const { kind, beganAt } of ended) {
        answered++;
        totalMs += this.#now - beganAt;
        this.#limit.ended(kind, this.#now - beganAt, before);
      }
      if (this.#now > middle && this.#now % 1000 === 0) limits.push(this.#limit.limit);
    }
    return { answered, refused, latencyMs: totalMs / Math.max(1, answered), limit: this.#limit.limit, limits };
  }

  usual(): unknown {
    return [this.#limit.usualMs("fast"), this.#limit.usualMs("slow")];
  }

  /** Seeded, so that a failure is one again. */
  #chance(): number {
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#random / 2 ** 32;
  }
}
