// The seat session of one connection: from JoinMatch and its answer to the end of the match. A JoinMatch always gets exactly
// one answer, whatever happens to the match, its shard or the matchmaker, and before a client stops waiting for it.
import type { JoinMatch } from "@muster/contracts/realtime/v1";
import type { LinkJoined } from "@muster/contracts/realtime/link/v1";
import { type InputRefusalCode, REALTIME_ERRORS, type RealtimeErrorCode } from "@muster/realtime";
import { currentTraceparent } from "@muster/tracing";
import { type ConnectionState, IDLE, type Seated } from "../connection/connection-state.ts";
import type { ConnectionParts } from "../connection/connection-parts.ts";
import { ANSWER_WITHIN_MS } from "../connection/limits.ts";
import type { Control, Outbound } from "../connection/outbound.ts";
import { matchEnded, matchJoined, seatStatus } from "../connection/replies.ts";
import type { Ending, Player, SeatStatus } from "./player.ts";

/** The connection whose seat it is. */
export interface SeatSessionHost {
  readonly playerId: string | undefined;
  readonly outbound: Outbound;
  state(): ConnectionState;
  become(state: ConnectionState): void;
  send(message: Control): void;
  error(requestId: number, code: RealtimeErrorCode): void;
  onInputRefused(code: InputRefusalCode): void;
  /** Another socket has the seat now. */
  replaced(): void;
}

type Parts = Pick<ConnectionParts, "matches" | "seatTickets" | "log" | "now">;

export class SeatSession implements Player {
  readonly outbound: Outbound;
  readonly #parts: Parts;
  readonly #host: SeatSessionHost;

  constructor(parts: Parts, host: SeatSessionHost) {
    this.#parts = parts;
    this.#host = host;
    this.outbound = host.outbound;
  }

  /** @param before what has to stop for it, called when the ticket is good */
  join(requestId: number, { seatTicket, lastMatchSeq }: JoinMatch, before: () => void): void {
    const host = this.#host;
    const verdict = this.#parts.seatTickets.open(seatTicket, this.#parts.now());
    if (verdict.kind !== "valid") return host.error(requestId, verdict.kind);
    const { claims } = verdict;
    const { kind } = host.state();
    if (claims.playerId !== host.playerId) return host.error(requestId, "seat_ticket_foreign");
    if (kind === "seated") return host.error(requestId, "already_in_match");
    if (kind === "queued") return host.error(requestId, "already_queued");
    before();
    const traceparent = currentTraceparent();
    const seat = this.#parts.matches.take(this, claims, { seatTicket, traceparent, lastMatchSeq });
    host.become({
      kind: "seated",
      matchId: claims.matchId,
      seat,
      requestId,
      joined: false,
      askedAt: performance.now(),
    });
  }

  leave(requestId: number): void {
    const seated = this.#giveUpSeat();
    if (!seated) return this.#host.error(requestId, "not_in_match");
    seated.seat.leave(true);
    this.#answer(seated, "not_in_match");
    this.#host.send({
      requestId,
      message: { case: "matchCancelled", value: { matchId: seated.matchId, reason: "left" } },
    });
  }

  /** Twice a second or so. */
  sweep(now: number): void {
    const state = this.#host.state();
    if (state.kind !== "seated" || state.joined || now - state.askedAt < ANSWER_WITHIN_MS) return;
    const { matchId, seat } = state;
    this.#parts.log.warn(
      { playerId: this.#host.playerId, matchId },
      "the shard did not answer a join; the join is refused",
    );
    this.#giveUpSeat();
    seat.leave(false);
    if (state.requestId === 0) this.#cancelled(matchId, "shard_lost");
    this.#answer(state, "shard_unavailable");
  }

  // ── from the shard ───────────────────────────────────────────────────────────────────────────────────────────────

  onJoined(joined: LinkJoined): void {
    const state = this.#host.state();
    if (state.kind !== "seated") return;
    this.#host.send(matchJoined(state.requestId, joined));
    state.requestId = 0;
    state.joined = true;
  }

  onJoinRefused(why: string): void {
    const seated = this.#giveUpSeat();
    if (!seated) return;
    const code = why in REALTIME_ERRORS ? (why as RealtimeErrorCode) : undefined;
    // No code says how it went: the answer alone would leave that out.
    if (seated.requestId === 0 || !code) this.#cancelled(seated.matchId, code ? "shard_lost" : why);
    this.#answer(seated, code ?? "match_over");
  }

  onInputRefused(code: InputRefusalCode): void {
    this.#host.onInputRefused(code);
  }

  onSeatStatus(status: SeatStatus): void {
    const state = this.#host.state();
    if (state.kind === "seated") this.#host.send(seatStatus(state.matchId, status));
  }

  onEnded(ended: Ending): void {
    const seated = this.#over(ended.reason);
    if (!seated) return;
    this.#host.send(matchEnded(seated.matchId, ended));
    this.#answer(seated, "match_over");
  }

  onCancelled(reason: string, matchSeq: number): void {
    const seated = this.#over(reason);
    if (!seated) return;
    this.#cancelled(seated.matchId, reason, matchSeq);
    this.#answer(seated, "match_over");
  }

  onReplaced(): void {
    this.#giveUpSeat();
    this.#host.replaced();
  }

  #over(reason: string): Seated | undefined {
    const seated = this.#giveUpSeat();
    const { playerId } = this.#host;
    if (seated)
      this.#parts.log.info({ playerId, matchId: seated.matchId, reason }, "player told that the match is over");
    return seated;
  }

  /** @returns the state before */
  #giveUpSeat(): Seated | undefined {
    const state = this.#host.state();
    if (state.kind !== "seated") return undefined;
    this.#host.become(IDLE);
    return state;
  }

  /** Of a seat that was asked for, and not had: its request has no answer yet. */
  #answer({ requestId }: Seated, code: RealtimeErrorCode): void {
    if (requestId !== 0) this.#host.error(requestId, code);
  }

  #cancelled(matchId: string, reason: string, matchSeq = 0): void {
    this.#host.send({ matchSeq, message: { case: "matchCancelled", value: { matchId, reason } } });
  }
}
