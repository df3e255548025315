// Admission of calls: the less critical are refused first, before any work is done for them.
import { AsyncLocalStorage } from "node:async_hooks";
import { commonError, type AppError } from "@muster/errors";
import { type Criticality, withCriticality } from "../criticality.ts";
import { GradientLimit } from "./gradient-limit.ts";
import type { LoopGuard } from "./loop-guard.ts";

/** Of the limit: with more than this in flight, no further call of this criticality is begun. */
export const SHARES: Readonly<Record<Criticality, number>> = {
  "critical-plus": 1,
  critical: 0.9,
  "sheddable-plus": 0.7,
  sheddable: 0.5,
};
/** For whoever waits at the other end: the less critical come back later. */
const RETRY_AFTER_S: Readonly<Record<Criticality, number>> = {
  "critical-plus": 1,
  critical: 1,
  "sheddable-plus": 3,
  sheddable: 10,
};
/** For the calling process, at most: half of it to all of it. What is sheddable is not sent again by a process, only by who wanted it. */
const PUSHBACK_MS_MAX: Readonly<Record<Criticality, number>> = {
  "critical-plus": 60,
  critical: 120,
  "sheddable-plus": -1,
  sheddable: -1,
};

export type ShedReason = "limit" | "event loop";

export interface LoadShedderOptions {
  readonly guard: Pick<LoopGuard, "refuses">;
  readonly min: number;
  readonly max: number;
  readonly now: () => number;
  readonly random?: () => number;
  readonly onShed?: (criticality: Criticality, why: ShedReason) => void;
}

/** What is told to whom is refused. */
export interface Shed {
  readonly kind: "shed";
  readonly error: AppError;
  /** When the calling process may send it again; negative: not at all. */
  readonly pushbackMs: number;
}

export class LoadShedder {
  readonly #options: LoadShedderOptions;
  readonly #limit: GradientLimit;
  #inFlight = 0;

  constructor(options: LoadShedderOptions) {
    this.#options = options;
    this.#limit = new GradientLimit(options);
  }

  get limit(): number {
    return this.#limit.limit;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /**
   * @param kind its method or route: how long it takes is compared with others of its kind
   * @param limited false: something else limits it, and it takes nobody's place here
   */
  admit(kind: string, criticality: Criticality, limited = true): Admission | Shed {
    if (this.#options.guard.refuses(criticality)) return this.#shed(criticality, "event loop");
    if (!limited) return new Admission(criticality, this.#options.now, { count: () => {}, ended: () => {} });
    if (this.#inFlight >= Math.ceil(this.limit * SHARES[criticality])) return this.#shed(criticality, "limit");
    return new Admission(criticality, this.#options.now, {
      count: (by) => (this.#inFlight += by),
      ended: (tookMs, failed) => {
        if (failed && tookMs < (this.#limit.usualMs(kind) ?? Infinity)) return;
        this.#limit.ended(kind, tookMs, this.#inFlight + 1);
      },
    });
  }

  #shed(criticality: Criticality, why: ShedReason): Shed {
    const { random = Math.random, onShed } = this.#options;
    onShed?.(criticality, why);
    const most = PUSHBACK_MS_MAX[criticality];
    return {
      kind: "shed",
      error: commonError("overloaded", { details: { retryAfterS: RETRY_AFTER_S[criticality] } }),
      pushbackMs: most < 0 ? most : Math.round(most * (0.5 + random() / 2)),
    };
  }
}

const current = new AsyncLocalStorage<Admission>();

/** Of the call that is being served. */
export function currentAdmission(): Admission | undefined {
  return current.getStore();
}

/**
 * Does work that has a limit of its own, such as waiting in a bulkhead's queue: meanwhile the call being served takes nobody's place, and
 * the time is none of its service's. Back from there it goes on at once, since nobody waits twice for one call.
 */
export async function aside<T>(work: () => Promise<T>): Promise<T> {
  const call = current.getStore();
  if (!call) return work();
  call.leave();
  try {
    return await work();
  } finally {
    call.comeBack();
  }
}

/** A call in flight. */
export class Admission {
  readonly kind = "admitted";
  readonly #criticality: Criticality;
  readonly #now: () => number;
  readonly #on: { readonly count: (by: number) => void; readonly ended: (tookMs: number, failed: boolean) => void };
  readonly #beganAt: number;
  /** How many of its parts are aside: it is while any is. */
  #aside = 0;
  #asideSince = 0;
  #asideMs = 0;
  #served = false;
  #ended = false;

  constructor(
    criticality: Criticality,
    now: () => number,
    on: { readonly count: (by: number) => void; readonly ended: (tookMs: number, failed: boolean) => void },
  ) {
    this.#criticality = criticality;
    this.#now = now;
    this.#on = on;
    this.#beganAt = now();
    on.count(1);
  }

  /** Serves it: what it asks of others is as critical as it is. */
  run<T>(serve: () => T): T {
    return current.run(this, () => withCriticality(this.#criticality, serve));
  }

  /** From now on, whoever serves it ends it, even when its caller has gone. */
  serve(): void {
    this.#served = true;
  }

  /** The caller has gone, or has its answer. */
  closed(): void {
    if (!this.#served) this.end(true);
  }

  /** @param failed refusals are fast, and say nothing about how long an answer takes */
  end(failed: boolean): void {
    if (this.#ended) return;
    if (this.#aside > 0) this.#asideMs += this.#now() - this.#asideSince;
    else this.#on.count(-1);
    this.#ended = true;
    this.#on.ended(this.#now() - this.#beganAt - this.#asideMs, failed);
  }

  leave(): void {
    if (this.#ended || this.#aside++ > 0) return;
    this.#asideSince = this.#now();
    this.#on.count(-1);
  }

  comeBack(): void {
    if (this.#ended || --this.#aside > 0) return;
    this.#asideMs += this.#now() - this.#asideSince;
    this.#on.count(1);
  }
}
