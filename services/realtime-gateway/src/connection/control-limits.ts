// How often a player may send each kind of control message. A kind without a row in the table does not compile, and a test
// goes through all kinds of the contract. Above its limit, a message is neither decoded nor acted on; it is answered with
// `rate_limited`.
import { type ClientControl, ClientControlSchema } from "@muster/contracts/realtime/v1";

export type ControlKind = Exclude<ClientControl["message"]["case"], undefined>;

export interface ControlLimit {
  /** On average. */
  readonly perS: number;
  /** At once, after a while without any. */
  readonly burst: number;
}

export type ControlLimits = Readonly<Record<ControlKind, ControlLimit>>;

/** What each costs, and how often a client that means well needs it. */
export const CONTROL_LIMITS: ControlLimits = {
  /** A signature to check. The SDK renews its token every five minutes. */
  hello: { perS: 0.5, burst: 5 },
  /** A ticket at the matchmaker. */
  enqueue: { perS: 1, burst: 10 },
  cancelQueue: { perS: 1, burst: 10 },
  /** A ticket to open, and the shard's answer. */
  joinMatch: { perS: 1, burst: 10 },
  leaveMatch: { perS: 1, burst: 10 },
  /** Only an answer. */
  ping: { perS: 10, burst: 40 },
  /** All of the player's channels are read from the database. The SDK asks again every three seconds. */
  chatSubscribe: { perS: 0.5, burst: 5 },
  /** A call and a transaction, and a frame for everybody in the channel. */
  chatSend: { perS: 2, burst: 10 },
  /** A spectator slot, and a keyframe. */
  watchMatch: { perS: 1, burst: 10 },
  stopWatching: { perS: 1, burst: 10 },
};

/** One that this release does not know: number 0. */
const UNKNOWN_LIMIT: ControlLimit = { perS: 1, burst: 10 };

/** By field number of the contract. */
const KINDS: ReadonlyMap<number, ControlKind> = new Map(
  ClientControlSchema.oneofs.flatMap(({ fields }) =>
    fields.map((field) => [field.number, field.localName as ControlKind] as const),
  ),
);
const NUMBERS_MAX = Math.max(...KINDS.keys());

export function kindOf(number: number): ControlKind | undefined {
  return KINDS.get(number);
}

/** The table, ready to be asked. */
export class ControlRates {
  /** By field number: milliseconds that one message takes, and that may be taken ahead. */
  readonly everyMs: Float64Array = new Float64Array(NUMBERS_MAX + 1);
  readonly aheadMs: Float64Array = new Float64Array(NUMBERS_MAX + 1);

  constructor(limits: Readonly<Partial<ControlLimits>> = {}) {
    const all = { ...CONTROL_LIMITS, ...limits };
    for (const [number, { perS, burst }] of [
      [0, UNKNOWN_LIMIT] as const,
      ...[...KINDS].map(([number, kind]) => [number, all[kind]] as const),
    ]) {
      this.everyMs[number] = 1000 / perS;
      this.aheadMs[number] = (1000 / perS) * (burst - 1);
    }
  }
}

/**
 * What one player may still send, over all of its connections. Per kind the time at which all that was sent is paid for (the
 * generic cell rate algorithm): nothing to refill, and an unused one is as good as none.
 */
export class ControlBudget {
  readonly #paidAt: number[] = Array.from({ length: NUMBERS_MAX + 1 }, () => 0);
  readonly #rates: ControlRates;
  /** Connections that use it. */
  users = 0;

  constructor(rates: ControlRates) {
    this.#rates = rates;
  }

  /** Takes one. @returns 0, or how long to wait, whole milliseconds: then nothing was taken */
  take(number: number, now: number): number {
    const paidAt = Math.max(now, this.#paidAt[number] as number);
    const waitMs = paidAt - now - (this.#rates.aheadMs[number] as number);
    if (waitMs > 0) return Math.ceil(waitMs);
    this.#paidAt[number] = paidAt + (this.#rates.everyMs[number] as number);
    return 0;
  }

  /** Everything is paid for: a new one says the same. */
  isFull(now: number): boolean {
    return this.#paidAt.every((at) => at <= now);
  }
}

/** The players' budgets: who leaves and comes back does not get a new one. */
export class ControlBudgets {
  readonly #rates: ControlRates;
  readonly #byPlayer = new Map<string, ControlBudget>();

  constructor(rates: ControlRates = new ControlRates()) {
    this.#rates = rates;
  }

  get size(): number {
    return this.#byPlayer.size;
  }

  /** For a connection; to be released when it is gone. */
  of(playerId: string): ControlBudget {
    let budget = this.#byPlayer.get(playerId);
    if (!budget) this.#byPlayer.set(playerId, (budget = new ControlBudget(this.#rates)));
    budget.users++;
    return budget;
  }

  release(budget: ControlBudget): void {
    budget.users--;
  }

  /** Forgets what nobody uses and is worth nothing: now and then. */
  sweep(now: number): void {
    for (const [playerId, budget] of this.#byPlayer)
      if (budget.users === 0 && budget.isFull(now)) this.#byPlayer.delete(playerId);
  }
}
