// The rows of matches that are being placed. A call without an answer may have succeeded: it is repeated with the same match
// id until its outcome is known. A match that will not be played is cancelled, repeatedly until match-service has confirmed
// it.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import { CancelReason, type CreateMatchRequestSchema, type MatchService } from "@muster/contracts/match/v2";
import { AppError } from "@muster/errors";
import type { Logger } from "@muster/log";
import { type Component, jittered, sleep } from "@muster/runtime";
import { currentTrace, newTrace, withTrace } from "@muster/tracing";

export interface RecordsOptions {
  readonly matches: Pick<Client<typeof MatchService>, "createMatch" | "recordResult">;
  readonly metrics: { readonly undone: { inc(labels: { outcome: string }): void } };
  readonly log: Logger;
}

/** Together well below the time in which players have to join, which already runs at the shard. */
const CREATE_ATTEMPTS_MAX = 3;
const FIRST_DELAY_MS = 50;
const UNDO_DELAY_MS_MAX = 5000;
/** Then the lease of the match ends it. */
const UNDO_WITHIN_MS = 120_000;
/** Longer than any call's deadline: a match that is unknown now will not be stored any more. */
const LATE_MS = 6000;
/** Beyond it the leases end what is left. */
const UNDOING_MAX = 5000;
const FIRST_EPOCH = 1;
/** Answers that another try would get again: the row is not there, or is another match's. */
const REFUSALS = new Set(["match_conflict", "bad_result", "invalid_request"]);
/** The match is over, or another shard's. */
const SETTLED = new Set(["stale_epoch", "result_conflict"]);

export class Records implements Component {
  readonly name = "records";
  readonly #options: RecordsOptions;
  readonly #stop = new AbortController();
  readonly #undoing = new Set<Promise<void>>();

  constructor(options: RecordsOptions) {
    this.#options = options;
  }

  /** @returns true when the match is stored. Otherwise it is not, or is being cancelled. */
  async create(request: MessageInitShape<typeof CreateMatchRequestSchema> & { matchId: string }): Promise<boolean> {
    const { matchId } = request;
    for (let attempt = 1, delayMs = FIRST_DELAY_MS; ; attempt++, delayMs *= 2) {
      try {
        await this.#options.matches.createMatch(request);
        return true;
      } catch (err) {
        const refused = err instanceof AppError && REFUSALS.has(err.code);
        if (refused || attempt >= CREATE_ATTEMPTS_MAX) {
          this.#options.log.error(
            { err, matchId, attempt },
            "a match could not be recorded; its players stay in the queue",
          );
          if (!refused) this.cancel(matchId);
          return false;
        }
        await sleep(jittered(delayMs), this.#stop.signal);
      }
    }
  }

  /** It will not be played. Goes on in the background until match-service knows. */
  cancel(matchId: string): void {
    if (this.#undoing.size >= UNDOING_MAX) {
      this.#options.metrics.undone.inc({ outcome: "left to its lease" });
      return;
    }
    const work = withTrace(currentTrace() ?? newTrace(), () => this.#cancel(matchId)).finally(() =>
      this.#undoing.delete(work),
    );
    this.#undoing.add(work);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#undoing);
  }

  async #cancel(matchId: string): Promise<void> {
    const { matches, metrics, log } = this.#options;
    const since = performance.now();
    let reason: CancelReason = CancelReason.NOT_PLACED;
    for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(delayMs * 2, UNDO_DELAY_MS_MAX)) {
      let problem: unknown;
      try {
        await matches.recordResult({ matchId, epoch: FIRST_EPOCH, outcome: { case: "cancelled", value: { reason } } });
        return metrics.undone.inc({ outcome: "cancelled" });
      } catch (err) {
        problem = err;
        const code = err instanceof AppError ? err.code : "";
        const late = performance.now() - since > LATE_MS;
        if (code === "invalid_request") reason = CancelReason.NO_SHOW; // a match-service of a release before knows no other
        if (SETTLED.has(code) || (code === "match_not_found" && late)) return metrics.undone.inc({ outcome: "gone" });
      }
      if (this.#stop.signal.aborted || performance.now() - since > UNDO_WITHIN_MS) {
        log.warn(
          { err: problem, matchId },
          "a match that nobody plays could not be cancelled; it ends when its lease expires",
        );
        return metrics.undone.inc({ outcome: "left to its lease" });
      }
      await sleep(jittered(delayMs), this.#stop.signal);
    }
  }
}
