// Sends results to match-service and retries until they are stored: no result is lost while this process lives.
import type { Client } from "@connectrpc/connect";
import { cancelReasons, endReasons } from "@muster/contracts/match/names";
import type { MatchService, RecordResultRequestSchema } from "@muster/contracts/match/v2";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { AppError } from "@muster/errors";
import { packLog } from "@muster/game-kit";
import type { Logger } from "@muster/log";
import { Limiter, retryDelayMs, sleep } from "@muster/runtime";
import { type TraceContext, withTrace } from "@muster/tracing";
import type { MatchOutcome } from "./match-spec.ts";
import type { ShardMetrics } from "../metrics.ts";

export interface FinishedMatch {
  readonly matchId: string;
  readonly epoch: number;
  readonly trace: TraceContext;
  readonly outcome: MatchOutcome;
  /** Seats whose players did not really play. */
  readonly unplayed: readonly number[];
  readonly ticks: number;
  readonly stateHash: string;
  /** Input log; undefined when it outgrew its limit. */
  readonly log: Uint8Array | undefined;
  /** match-service has the result, or will never take it. */
  onStored(): void;
}

/** The limit of match-service. */
const REPLAY_BYTES_MAX = 192 * 1024;
const NOTHING = new Uint8Array(0);
const RETRY_DELAYS = { firstMs: 100, maxMs: 5000 };
/** Calls to match-service at once; results beyond it wait here. */
const CALLS_MAX = 16;

export class Results {
  readonly #shardId: string;
  readonly #matches: Client<typeof MatchService>;
  readonly #log: Logger;
  readonly #metrics: ShardMetrics;
  readonly #limiter = new Limiter({ runningMax: CALLS_MAX, waitingMax: Infinity }); // bounded by the matches we held
  readonly #pending = new Map<Promise<void>, string>();
  readonly #abandon = new AbortController();

  constructor(shardId: string, matches: Client<typeof MatchService>, metrics: ShardMetrics, log: Logger) {
    this.#shardId = shardId;
    this.#matches = matches;
    this.#metrics = metrics;
    this.#log = log;
  }

  get pending(): number {
    return this.#pending.size;
  }

  /** Their leases are still renewed: match-service must not give up a match whose result is on its way. */
  get pendingIds(): string[] {
    return [...this.#pending.values()];
  }

  store(match: FinishedMatch): void {
    const work = withTrace(match.trace, () => this.#storeWithRetries(match)).finally(() => this.#pending.delete(work));
    this.#pending.set(work, match.matchId);
  }

  /** Resolves when everything is stored, or after `withinMs` with what was not: that is logged, result by result. */
  async flush(withinMs: number): Promise<void> {
    const timer = setTimeout(() => this.#abandon.abort(), withinMs);
    await Promise.all(this.#pending.keys());
    clearTimeout(timer);
  }

  async #storeWithRetries(match: FinishedMatch): Promise<void> {
    const { matchId } = match;
    const inputLog = await packed(match, this.#log);
    const request = requestOf(match, this.#shardId, inputLog);
    for (let failures = 1; ; failures++) {
      try {
        const { duplicate } = await this.#limiter.run(() => this.#matches.recordResult(request));
        this.#metrics.resultsStored.inc();
        this.#log.info({ matchId, duplicate }, "result stored");
        return match.onStored();
      } catch (err) {
        if (err instanceof AppError && isFinal(err)) {
          this.#metrics.resultsRefused.inc({ code: err.code });
          this.#log.error({ err, matchId, code: err.code }, "match-service refused a result permanently");
          return match.onStored();
        }
        if (this.#abandon.signal.aborted) {
          // Without its inputs: up to 192 KiB, and not needed to record who won.
          const { inputLog: _, ...result } = request;
          const inputLogBytes = inputLog.length;
          this.#log.error({ matchId, result, inputLogBytes }, "stopping before a result was stored");
          return;
        }
        this.#metrics.resultRetries.inc();
        const delayMs = retryDelayMs(failures, RETRY_DELAYS);
        this.#log.warn({ err, matchId, delayMs }, "a result could not be stored; trying again");
        await sleep(delayMs, this.#abandon.signal);
      }
    }
  }
}

/** Another try would get the same answer. */
function isFinal(err: AppError): boolean {
  return ["stale_epoch", "result_conflict", "bad_result", "match_not_found", "invalid_request"].includes(err.code);
}

/** Empty for a match that nobody will want to see again, or whose log is larger than match-service takes. */
async function packed({ matchId, outcome, log: inputLog }: FinishedMatch, log: Logger): Promise<Uint8Array> {
  if (outcome.kind === "cancelled" || !inputLog) return NOTHING;
  const bytes = await packLog(inputLog);
  if (bytes.length <= REPLAY_BYTES_MAX) return bytes;
  log.warn({ matchId, bytes: bytes.length }, "the input log is too large to be stored");
  return NOTHING;
}

function requestOf(
  { matchId, epoch, outcome, unplayed, ticks, stateHash }: FinishedMatch,
  shardId: string,
  inputLog: Uint8Array,
): MessageInitShape<typeof RecordResultRequestSchema> {
  const common = { matchId, epoch, shardId, ticks, stateHash, inputLog: inputLog as Uint8Array<ArrayBuffer> };
  if (outcome.kind === "cancelled")
    return { ...common, outcome: { case: "cancelled", value: { reason: cancelReasons.valueOf(outcome.reason) } } };
  const seats = outcome.result.seats.map(({ score, rank }, seat) => ({ seat, score, rank }));
  const value = { reason: endReasons.valueOf(outcome.reason), seats, unplayedSeats: [...unplayed] };
  return { ...common, outcome: { case: "completed", value } };
}
