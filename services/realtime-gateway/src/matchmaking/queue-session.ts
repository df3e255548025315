// The queue session of one connection: its ticket, from the player's request to the matchmaker's answer.
import type { Enqueue } from "@muster/contracts/realtime/v1";
import type { RealtimeErrorCode } from "@muster/realtime";
import type { AccessClaims } from "@muster/tokens";
import { currentTrace, formatTraceparent, newTrace } from "@muster/tracing";
import { v7 as uuidv7 } from "uuid";
import { type ConnectionState, IDLE } from "../connection/connection-state.ts";
import type { ConnectionParts } from "../connection/connection-parts.ts";
import type { Control } from "../connection/outbound.ts";
import { matchFound } from "../connection/replies.ts";
import type { Rating } from "./ratings.ts";

/** The connection whose ticket it is. */
export interface QueueSessionHost {
  readonly address: string;
  state(): ConnectionState;
  become(state: ConnectionState): void;
  send(message: Control): void;
  error(requestId: number, code: RealtimeErrorCode): void;
}

/** Beyond the time to join: the shard's clock began a little earlier, and nobody who comes now finds the match. */
const NO_SHOW_AFTER_MS = 500;

export class QueueSession {
  readonly #parts: Pick<ConnectionParts, "matchmaking" | "ratings" | "log">;
  readonly #host: QueueSessionHost;
  /** A match that was found, whose seat nobody has asked for yet. */
  #found: { readonly matchId: string; readonly until: number } | undefined;

  constructor(parts: Pick<ConnectionParts, "matchmaking" | "ratings" | "log">, host: QueueSessionHost) {
    this.#parts = parts;
    this.#host = host;
  }

  enqueue(requestId: number, { mode, region, resumeTicketId }: Enqueue, { playerId, playerName }: AccessClaims): void {
    const { kind } = this.#host.state();
    if (kind === "queued") return this.#host.error(requestId, "already_queued");
    if (kind === "seated") return this.#host.error(requestId, "already_in_match");
    if (this.#parts.matchmaking.lacks(mode)) return this.#host.error(requestId, "unknown_mode");
    this.#found = undefined;
    const ticketId = uuidv7();
    const since = performance.now();
    const trace = currentTrace() ?? newTrace();
    const traceparent = formatTraceparent(trace);
    this.#host.become({ kind: "queued", ticketId });
    this.#parts.log.info({ playerId, ticketId, mode, traceId: trace.traceId }, "queued");
    this.#host.send({ requestId, message: { case: "queued", value: { ticketId, mode } } });
    const isCurrent = (): boolean => {
      const state = this.#host.state();
      return state.kind === "queued" && state.ticketId === ticketId;
    };
    const submit = (rating: Rating): void => {
      if (!isCurrent()) return; // cancelled while we looked the rating up
      this.#parts.matchmaking.submit({
        ticketId,
        playerId,
        playerName,
        mode,
        rating,
        region,
        since,
        traceparent,
        resumeTicketId,
        address: this.#host.address,
        onAssigned: (assignment) => {
          if (!isCurrent()) return;
          this.#host.become(IDLE);
          const { matchId, joinWithinMs, held } = assignment;
          if (!held) this.#found = { matchId, until: performance.now() + joinWithinMs + NO_SHOW_AFTER_MS };
          this.#parts.log.info({ playerId, ticketId, matchId, traceId: trace.traceId }, "match found");
          this.#host.send(matchFound(assignment));
        },
        onPaused: (paused) =>
          isCurrent() && this.#host.send({ message: { case: "queueStatus", value: { ticketId, paused } } }),
        onRefused: (code, retryAfterMs) => isCurrent() && this.#leave(ticketId, code, { retryAfterMs }),
      });
    };
    this.#parts.ratings.of(playerId, mode).then(submit, (err: unknown) => {
      this.#parts.log.error({ err, playerId }, "a player's rating could not be determined; the ticket is dropped"); // a bug: ratings do not fail
      if (isCurrent()) this.#leave(ticketId, "queue_unavailable");
    });
  }

  /** A seat is asked for. */
  joining(): void {
    this.#found = undefined;
  }

  /** Twice a second or so. */
  sweep(now: number): void {
    if (!this.#found || now < this.#found.until) return;
    const value = { matchId: this.#found.matchId, reason: "no_show" };
    this.#found = undefined;
    this.#host.send({ message: { case: "matchCancelled", value } });
  }

  cancel(requestId: number): void {
    const state = this.#host.state();
    if (state.kind !== "queued") return this.#host.error(requestId, "not_queued");
    this.#parts.matchmaking.cancel(state.ticketId);
    this.#leave(state.ticketId, "cancelled", { requestId });
  }

  #leave(ticketId: string, reason: string, { requestId = 0, retryAfterMs = 0 } = {}): void {
    this.#host.become(IDLE);
    this.#host.send({ requestId, message: { case: "queueLeft", value: { ticketId, reason, retryAfterMs } } });
  }
}
