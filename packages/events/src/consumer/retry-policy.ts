// What happens to an event that could not be applied: data, and pure decisions on it.
import { isDeadlock, isTransient } from "@muster/db";
import { AppError } from "@muster/errors";
import { retryDelayMs } from "@muster/runtime";
import { InvalidEventError } from "../contract/events.ts";

/** The handler knows that this event can never be applied. */
export class PermanentError extends Error {
  override readonly name = "PermanentError";
}

export type FailureClass =
  /** It does not fit its schema: no attempt will change that. */
  | "invalid"
  /** The handler says that no attempt will change it. */
  | "permanent"
  /** A database or a service is away: the event is not at fault, and nothing else could be applied either. */
  | "transient"
  /** Possibly the event's own fault: a bug that it meets. */
  | "unknown";

export function classOf(err: unknown): FailureClass {
  if (err instanceof InvalidEventError) return "invalid";
  if (err instanceof PermanentError) return "permanent";
  if (isTransient(err) || isDeadlock(err)) return "transient";
  return err instanceof AppError && err.row.retryable ? "transient" : "unknown";
}

export interface RetryPolicy {
  /** At once, while the partition waits: for what is over in a moment. */
  readonly inPlace: { readonly attemptsMax: number; readonly totalMs: number; readonly firstMs: number };
  /** Of a parked event: the delay before each further attempt, ms; after the last one it goes to the DLQ. */
  readonly parkedDelaysMs: readonly number[];
  /** Of an unordered consumer: one topic for each delay; after the last one comes the DLQ. */
  readonly retryTopicsMs: readonly number[];
  readonly brake: BrakePolicy;
}

export interface BrakePolicy {
  /** So many of the last outcomes are looked at. */
  readonly window: number;
  /** With this many failures among them the partitions rest. */
  readonly failuresMax: number;
  /** How long they rest at first, and at most when trying again fails. */
  readonly firstMs: number;
  readonly maxMs: number;
}

const OWN_WAY_EVERY = 4;
const SECOND = 1000;
const MINUTE = 60 * SECOND;

export const RETRY_POLICY: RetryPolicy = {
  inPlace: { attemptsMax: 3, totalMs: 2 * SECOND, firstMs: 50 },
  parkedDelaysMs: [5 * SECOND, 15 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE, 60 * MINUTE],
  retryTopicsMs: [5 * SECOND, MINUTE, 10 * MINUTE],
  brake: { window: 20, failuresMax: 10, firstMs: SECOND, maxMs: 30 * SECOND },
};

/**
 * How long to wait before the next attempt in place, ms; undefined when there is none.
 * @param attempts made so far, from 1
 * @param elapsedMs since the first one began
 */
export function inPlaceDelayMs(
  failure: FailureClass,
  attempts: number,
  elapsedMs: number,
  { inPlace }: RetryPolicy,
  random = Math.random,
): number | undefined {
  if (failure === "invalid" || failure === "permanent") return undefined;
  const left = inPlace.totalMs - elapsedMs;
  if (left <= 0 || (failure === "unknown" && attempts >= inPlace.attemptsMax)) return undefined;
  return Math.min(left, retryDelayMs(attempts, { firstMs: inPlace.firstMs, maxMs: inPlace.totalMs }, random));
}

/**
 * When most of the last events failed, the fault is not theirs: the partitions rest, instead of being drained into the DLQ. After a rest one
 * event is tried; each failure then doubles the rest, a success ends it. Of those that fail, every fourth is parked or sent on all the same: the
 * one that is tried may be one that no attempt helps, and nothing behind it would ever be tried.
 */
export class Brake {
  readonly #policy: BrakePolicy;
  /** Of attempts at events. A database that is away is left out: it says nothing about the events. */
  #outcomes: boolean[] = [];
  #rests = 0;

  constructor(policy: BrakePolicy) {
    this.#policy = policy;
  }

  get on(): boolean {
    return this.#rests > 0;
  }

  succeeded(): void {
    this.#note(true);
    if (this.#rests > 0) this.#outcomes = [];
    this.#rests = 0;
  }

  /** @returns how long the partition is to rest, ms; 0: the event goes its own way */
  failed(failure: FailureClass, random = Math.random): number {
    const { firstMs, maxMs, failuresMax } = this.#policy;
    if (failure !== "transient") {
      this.#note(false);
      if (this.#outcomes.filter((ok) => !ok).length < failuresMax) return 0;
      if ((this.#rests + 1) % OWN_WAY_EVERY === 0) {
        this.#rests++;
        return 0;
      }
    }
    this.#rests++;
    return retryDelayMs(this.#rests, { firstMs, maxMs }, random);
  }

  #note(ok: boolean): void {
    this.#outcomes.push(ok);
    if (this.#outcomes.length > this.#policy.window) this.#outcomes.shift();
  }
}
