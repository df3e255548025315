// The spectator session of one connection: one match at a time, also while it waits in a queue.
import type { LinkWatching } from "@muster/contracts/realtime/link/v1";
import { REALTIME_ERRORS, type RealtimeErrorCode } from "@muster/realtime";
import { ANSWER_WITHIN_MS } from "../connection/limits.ts";
import type { Control, Outbound } from "../connection/outbound.ts";
import { watching } from "../connection/replies.ts";
import type { Spectator } from "./match-spectators.ts";

/** The matches, as spectators see them. */
export interface WatchedMatches {
  /** @returns why not */
  watch(spectator: Spectator, matchId: string): RealtimeErrorCode | undefined;
  stopWatching(spectator: Spectator, matchId: string): void;
  catchUp(spectator: Spectator, matchId: string): void;
}

export interface SpectatorSessionParts {
  readonly delayMs: number;
  readonly send: (message: Control) => void;
  readonly error: (requestId: number, code: RealtimeErrorCode) => void;
}

export class SpectatorSession implements Spectator {
  readonly outbound: Outbound;
  readonly #matches: WatchedMatches;
  readonly #parts: SpectatorSessionParts;
  #matchId: string | undefined;
  /** The request to answer; 0 when it is answered. */
  #requestId = 0;
  /** When it came, on the clock of performance.now(). */
  #askedAt = 0;

  constructor(outbound: Outbound, matches: WatchedMatches, parts: SpectatorSessionParts) {
    this.outbound = outbound;
    this.#matches = matches;
    this.#parts = parts;
  }

  start(requestId: number, matchId: string): void {
    this.stop();
    this.#matchId = matchId;
    this.#requestId = requestId;
    this.#askedAt = performance.now();
    const refusal = this.#matches.watch(this, matchId);
    if (refusal !== undefined) this.onWatchRefused(refusal);
  }

  /** The client stops watching. */
  leave(requestId: number): void {
    const matchId = this.#matchId;
    if (matchId === undefined) return this.#parts.error(requestId, "not_watching");
    this.stop();
    this.#parts.send({ requestId, message: { case: "watchEnded", value: { matchId, reason: "stopped" } } });
  }

  stop(): void {
    const matchId = this.#matchId;
    this.#matchId = undefined;
    if (matchId === undefined) return;
    this.#matches.stopWatching(this, matchId);
    if (this.#requestId !== 0) this.#parts.error(this.#requestId, "not_watching");
    this.#requestId = 0;
  }

  /** Twice a second or so. */
  sweep(now: number): void {
    if (this.#matchId === undefined || this.#requestId === 0 || now - this.#askedAt < ANSWER_WITHIN_MS) return;
    this.#matches.stopWatching(this, this.#matchId);
    this.onWatchRefused("shard_unavailable");
  }

  /** The socket has drained. */
  catchUp(): void {
    if (this.#matchId !== undefined) this.#matches.catchUp(this, this.#matchId);
  }

  onWatching(match: LinkWatching): void {
    this.#parts.send(watching(this.#requestId, match, this.#parts.delayMs));
    this.#requestId = 0;
  }

  onWatchRefused(code: string): void {
    this.#matchId = undefined;
    this.#parts.error(this.#requestId, code in REALTIME_ERRORS ? (code as RealtimeErrorCode) : "match_over");
    this.#requestId = 0;
  }

  onWatchEnded(matchId: string, reason: string): void {
    if (this.#requestId !== 0) return this.onWatchRefused("match_over"); // before anything was shown
    this.#matchId = undefined;
    this.#parts.send({ message: { case: "watchEnded", value: { matchId, reason } } });
  }
}
