// The only layer that repeats calls. Its callers do not.
import type { AppError } from "@muster/errors";
import { backoffMs, type Dependency, isNone } from "@muster/resilience";
import { type Metrics, sleep } from "@muster/runtime";
import { Counter } from "prom-client";
import { NotConnectedError } from "./channel.ts";
import { pushbackMsOf } from "./shed.ts";
import { transportFailureOf } from "./transport.ts";

/** A call with less time left than this is not sent again. */
const LEFT_MS_MIN = 20;
/** A callee that is slow is not asked a hundred times more at once: so many tries that took too long may be followed by another one. */
const LATE_BURST = 10;

/** Of all calls by a row, so many may be sent again. Policy at the limit: the failure is the caller's. */
export class RepeatBudget {
  readonly row: Dependency;
  readonly #count: (outcome: "sent again" | "over budget") => void;
  readonly #perCall: number;
  readonly #max: { readonly failed: number; readonly late: number };
  readonly #tokens: { failed: number; late: number };

  constructor(row: Dependency, metrics: Metrics | undefined) {
    this.row = row;
    const { share, burst } = isNone(row.retryBudget) ? { share: 0, burst: 0 } : row.retryBudget;
    this.#perCall = share;
    this.#max = { failed: burst, late: Math.min(burst, LATE_BURST) };
    this.#tokens = { ...this.#max };
    const counter = metrics && repeatsOf(metrics);
    this.#count = (outcome) => counter?.inc({ callee: row.callee, methods: row.methodClass, outcome });
  }

  /** One more call was made. */
  earn(): void {
    for (const kind of ["failed", "late"] as const)
      this.#tokens[kind] = Math.min(this.#max[kind], this.#tokens[kind] + this.#perCall);
  }

  take(kind: "failed" | "late"): boolean {
    // Both are of the same tenth.
    const [left, other] = [this.#tokens[kind] - 1, kind === "late" ? "failed" : "late"] as const;
    if (left < 0) {
      this.#count("over budget");
      return false;
    }
    this.#tokens[kind] = left;
    this.#tokens[other] = Math.max(0, this.#tokens[other] - 1);
    this.#count("sent again");
    return true;
  }
}

const REPEATS = "rpc_client_repeats_total";

/** One for all clients of a process. */
function repeatsOf(metrics: Metrics): Counter<"callee" | "methods" | "outcome"> {
  const made = metrics.getSingleMetric(REPEATS) as Counter<"callee" | "methods" | "outcome"> | undefined;
  return (
    made ??
    new Counter({
      name: REPEATS,
      help: "Calls that failed in transit, took too long, or were refused by an overloaded process: sent again, or not sent again because too many had been",
      labelNames: ["callee", "methods", "outcome"],
      registers: [metrics],
    })
  );
}

export interface Attempt {
  /** 1 for the first. */
  readonly number: number;
  /** It had less time than its caller has, and took all of it. */
  readonly late: boolean;
  readonly leftMs: () => number;
  readonly signal: AbortSignal | undefined;
}

/** Waits and returns true when the call is to be sent again. */
export async function mayRepeat(err: AppError, attempt: Attempt, budget: RepeatBudget): Promise<boolean> {
  const { row } = budget;
  const late = attempt.late && err.code === "deadline_exceeded";
  const delayMs = delayMsBefore(err, { ...attempt, late }, row);
  if (delayMs === undefined || attempt.number >= row.attempts) return false;
  const leftMsMin = Math.max(LEFT_MS_MIN, row.floorMs);
  if (attempt.signal?.aborted || attempt.leftMs() - delayMs < leftMsMin) return false;
  if (!budget.take(late ? "late" : "failed")) return false;
  await sleep(delayMs, attempt.signal);
  return attempt.signal?.aborted !== true;
}

/** Undefined: it may not be sent again. */
function delayMsBefore(err: AppError, { number, late }: Attempt, row: Dependency): number | undefined {
  const failure = transportFailureOf(err);
  if (!failure && !late) return pushbackMsOf(err); // refused before it was begun, so whatever it is
  if (failure?.cause instanceof NotConnectedError && failure.cause.waited) return undefined;
  if (!failure?.neverServed && !row.idempotent) return undefined;
  return backoffMs(row.backoff, number);
}
