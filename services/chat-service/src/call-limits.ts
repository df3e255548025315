// In front of every call: how often one player may ask, how many of the player's calls are at work at once, and how many
// of all. What is beyond waits here, not on the database's few connections, and whoever has asked least is let in first:
// a crowd that asks within its limits waits behind those who talk.
import { LimitReachedError } from "@muster/runtime";
import { fail } from "./errors.ts";
import { admit, type Rate } from "./rate.ts";

/** Of those who have called lately: beyond it the ones that were longest silent begin afresh. */
const PLAYERS_MAX = 10_000;
/** Calls of all players that wait. Policy at the limit: the one whose player has asked most is refused as busy. */
const WAITING_MAX = 1000;

interface Waiting {
  readonly playerId: string;
  /** The player's time (GCRA) with this call: the further ahead, the more the player has asked lately. */
  readonly nextAt: number;
  begin(): void;
  refuse(err: LimitReachedError): void;
}

export interface CallLimitsOptions {
  /** Of calls per player. */
  readonly rate: Rate;
  /** Calls of one player that are at work at once; the rest waits. */
  readonly atOnce: number;
  /** Calls of all players that are at work at once. */
  readonly atOnceOfAll: number;
  readonly now: () => Date;
  readonly onRefused: () => void;
}

export class CallLimits {
  readonly #options: CallLimitsOptions;
  readonly #nextAt = new Map<string, Date>();
  readonly #atWork = new Map<string, number>();
  /** In the order of arrival. */
  readonly #waiting: Waiting[] = [];
  #atWorkOfAll = 0;

  constructor(options: CallLimitsOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Nothing is done for a caller that gave up while it waited.
   * @throws AppError chat_rate_limited; LimitReachedError when too many wait; the signal's reason
   */
  async run<T>(playerId: string, work: () => T | Promise<T>, signal?: AbortSignal): Promise<T> {
    const nextAt = this.#take(playerId);
    await this.#turn(playerId, nextAt, signal);
    try {
      signal?.throwIfAborted();
      return await work();
    } finally {
      this.#end(playerId);
    }
  }

  async #turn(playerId: string, nextAt: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.#waiting.length === 0 && this.#isFree(playerId)) return this.#begin(playerId);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting: Waiting = { playerId, nextAt, begin: resolve, refuse: reject };
    const giveUp = (): void => {
      const at = this.#waiting.indexOf(waiting);
      if (at >= 0) this.#waiting.splice(at, 1);
      reject(signal?.reason as Error);
    };
    signal?.addEventListener("abort", giveUp, { once: true });
    this.#waiting.push(waiting);
    this.#letIn();
    if (this.#waiting.length > WAITING_MAX) this.#refuseOne();
    try {
      await promise;
    } finally {
      signal?.removeEventListener("abort", giveUp);
    }
  }

  /** For a wait within a call that costs the database nothing, as of another service: meanwhile the place among all is somebody else's. */
  async elsewhere<T>(work: () => Promise<T>): Promise<T> {
    this.#atWorkOfAll--;
    this.#letIn();
    try {
      return await work();
    } finally {
      this.#atWorkOfAll++; // at once: its player does not wait twice
    }
  }

  #isFree(playerId: string): boolean {
    const { atOnce, atOnceOfAll } = this.#options;
    return this.#atWorkOfAll < atOnceOfAll && (this.#atWork.get(playerId) ?? 0) < atOnce;
  }

  #begin(playerId: string): void {
    this.#atWorkOfAll++;
    this.#atWork.set(playerId, (this.#atWork.get(playerId) ?? 0) + 1);
  }

  #end(playerId: string): void {
    this.#atWorkOfAll--;
    const left = (this.#atWork.get(playerId) ?? 0) - 1;
    if (left > 0) this.#atWork.set(playerId, left);
    else this.#atWork.delete(playerId);
    this.#letIn();
  }

  #refuseOne(): void {
    let last = 0;
    for (const [at, { nextAt }] of this.#waiting.entries())
      if (nextAt >= (this.#waiting[last] as Waiting).nextAt) last = at;
    const [refused] = this.#waiting.splice(last, 1) as [Waiting];
    refused.refuse(new LimitReachedError(`${WAITING_MAX} calls wait`));
    this.#options.onRefused();
  }

  /** Of those whose turn it may be, who has asked least; of equals, who came first. */
  #letIn(): void {
    while (this.#atWorkOfAll < this.#options.atOnceOfAll) {
      let first: number | undefined;
      for (const [at, { playerId, nextAt }] of this.#waiting.entries())
        if (this.#isFree(playerId) && (first === undefined || nextAt < (this.#waiting[first] as Waiting).nextAt))
          first = at;
      if (first === undefined) return;
      const [next] = this.#waiting.splice(first, 1) as [Waiting];
      this.#begin(next.playerId);
      next.begin();
    }
  }

  /** @returns the player's time with this call, milliseconds since 1970. */
  #take(playerId: string): number {
    const { rate, now, onRefused } = this.#options;
    const at = now();
    const admission = admit(this.#nextAt.get(playerId) ?? at, at, rate);
    if ("retryAfterMs" in admission) {
      onRefused();
      throw fail("chat_rate_limited", { details: { retryAfterS: Math.ceil(admission.retryAfterMs / 1000) } });
    }
    this.#nextAt.delete(playerId); // to the end: the first one is who was silent longest
    this.#nextAt.set(playerId, admission.nextAt);
    if (this.#nextAt.size > PLAYERS_MAX)
      for (const oldest of this.#nextAt.keys()) {
        this.#nextAt.delete(oldest);
        break;
      }
    return admission.nextAt.getTime();
  }
}
