// The only layer that repeats calls. Its callers do not.
import type { DescMethodUnary } from "@bufbuild/protobuf";
import type { AppError } from "@muster/errors";
import { type Metrics, sleep } from "@muster/runtime";
import { Counter } from "prom-client";
import { NotConnectedError } from "./channel.ts";
import { isRepeatable } from "./repeatable.ts";
import { pushbackMsOf } from "./shed.ts";
import { transportFailureOf } from "./transport.ts";

const ATTEMPTS_MAX = 4;
const DELAY_MS_FIRST = 5;
/** A call with less time left than this is not sent again. */
const LEFT_MS_MIN = 20;
/**
 * Of all calls of a client, so many may be sent again: a callee that drops everything gets a tenth more, not four times as
 * much. Policy at the limit: the failure is the caller's.
 */
const TOKENS_MAX = 100;
const TOKENS_PER_CALL = 0.1;

export class RepeatBudget {
  readonly #count: (outcome: "sent again" | "over budget") => void;
  #tokens = TOKENS_MAX;

  constructor(callee: string, metrics: Metrics | undefined) {
    const counter = metrics && repeatsOf(metrics);
    this.#count = (outcome) => counter?.inc({ callee, outcome });
  }

  /** One more call was made. */
  earn(): void {
    this.#tokens = Math.min(TOKENS_MAX, this.#tokens + TOKENS_PER_CALL);
  }

  take(): boolean {
    if (this.#tokens < 1) {
      this.#count("over budget");
      return false;
    }
    this.#tokens--;
    this.#count("sent again");
    return true;
  }
}

const REPEATS = "rpc_client_repeats_total";

/** One for all clients of a process. */
function repeatsOf(metrics: Metrics): Counter<"callee" | "outcome"> {
  const made = metrics.getSingleMetric(REPEATS) as Counter<"callee" | "outcome"> | undefined;
  return (
    made ??
    new Counter({
      name: REPEATS,
      help: "Calls that failed in transit, or that an overloaded process asked for later: sent again, or not sent again because too many had been",
      labelNames: ["callee", "outcome"],
      registers: [metrics],
    })
  );
}

/** Waits and returns true when the call is to be sent again. */
export async function mayRepeat(
  err: AppError,
  call: { method: DescMethodUnary; attempt: number; leftMs: () => number; signal: AbortSignal | undefined },
  budget: RepeatBudget,
): Promise<boolean> {
  const delayMs = delayMsBefore(err, call);
  if (delayMs === undefined || call.attempt >= ATTEMPTS_MAX) return false;
  if (call.signal?.aborted || call.leftMs() - delayMs < LEFT_MS_MIN || !budget.take()) return false;
  await sleep(delayMs, call.signal);
  return call.signal?.aborted !== true;
}

/** Undefined: it may not be sent again. */
function delayMsBefore(err: AppError, call: { method: DescMethodUnary; attempt: number }): number | undefined {
  const failure = transportFailureOf(err);
  if (!failure) return pushbackMsOf(err); // refused before it was begun, so whatever it is
  if (failure.cause instanceof NotConnectedError && failure.cause.waited) return undefined;
  if (!failure.neverServed && !isRepeatable(call.method)) return undefined;
  return Math.random() * DELAY_MS_FIRST * 2 ** call.attempt;
}
