// What one connection does with a seat: from JoinMatch, over its answer, to the end of the match. A JoinMatch gets one answer whatever
// becomes of the match, its shard or the matchmaker, and before a client stops waiting for it.
import type { JoinMatch } from "@muster/contracts/realtime/v1";
import type { LinkJoined } from "@muster/contracts/realtime/link/v1";
import { type InputRefusalCode, REALTIME_ERRORS, type RealtimeErrorCode } from "@muster/realtime";
import { currentTrace, formatTraceparent, newTrace } from "@muster/tracing";
import { type Activity, IDLE, type Seated } from "./activity.ts";
import type { ConnectionParts } from "./connection-parts.ts";
import { ANSWER_WITHIN_MS } from "./limits.ts";
import type { Control, Outbound } from "./outbound.ts";
import { matchEnded, matchJoined, seatStatus } from "./replies.ts";
import type { Ending, Player, SeatStatus } from "./seat.ts";

/** The connection. */
export interface Sitter {
  readonly playerId: string | undefined;
  readonly outbound: Outbound;
  activity(): Activity;
  become(activity: Activity): void;
  send(message: Control): void;
  error(requestId: number, code: RealtimeErrorCode): void;
  onInputRefused(code: InputRefusalCode): void;
  /** Another socket has the seat now. */
  replaced(): void;
}

type Parts = Pick<ConnectionParts, "seats" | "seatTickets" | "log" | "now">;

export class Seating implements Player {
  readonly outbound: Outbound;
  readonly #parts: Parts;
  readonly #sitter: Sitter;

  constructor(parts: Parts, sitter: Sitter) {
    this.#parts = parts;
    this.#sitter = sitter;
    this.outbound = sitter.outbound;
  }

  /** @param before what has to stop for it, called when the ticket is good */
  join(requestId: number, { seatTicket, lastMatchSeq }: JoinMatch, before: () => void): void {
    const sitter = this.#sitter;
    const verdict = this.#parts.seatTickets.open(seatTicket, this.#parts.now());
    if (verdict.kind !== "valid") return sitter.error(requestId, verdict.kind);
    const { claims } = verdict;
    const { kind } = sitter.activity();
    if (claims.playerId !== sitter.playerId) return sitter.error(requestId, "seat_ticket_foreign");
    if (kind === "seated") return sitter.error(requestId, "already_in_match");
    if (kind === "queued") return sitter.error(requestId, "already_queued");
    before();
    const traceparent = formatTraceparent(currentTrace() ?? newTrace());
    const seat = this.#parts.seats.take(this, claims, { seatTicket, traceparent, lastMatchSeq });
    sitter.become({
      kind: "seated",
      matchId: claims.matchId,
      seat,
      requestId,
      joined: false,
      askedAt: performance.now(),
    });
  }

  leave(requestId: number): void {
    const seated = this.#rise();
    if (!seated) return this.#sitter.error(requestId, "not_in_match");
    this.#parts.seats.leave(seated.seat, true);
    this.#answer(seated, "not_in_match");
    this.#sitter.send({
      requestId,
      message: { case: "matchCancelled", value: { matchId: seated.matchId, reason: "left" } },
    });
  }

  /** Twice a second or so. */
  sweep(now: number): void {
    const activity = this.#sitter.activity();
    if (activity.kind !== "seated" || activity.joined || now - activity.askedAt < ANSWER_WITHIN_MS) return;
    const { matchId, seat } = activity;
    this.#parts.log.warn({ playerId: this.#sitter.playerId, matchId }, "a join is not answered; refused");
    this.#rise();
    this.#parts.seats.leave(seat, false);
    if (activity.requestId === 0) this.#cancelled(matchId, "shard_lost");
    this.#answer(activity, "shard_unavailable");
  }

  // ── from the shard ───────────────────────────────────────────────────────────────────────────────────────────────

  onJoined(joined: LinkJoined): void {
    const activity = this.#sitter.activity();
    if (activity.kind !== "seated") return;
    this.#sitter.send(matchJoined(activity.requestId, joined));
    activity.requestId = 0;
    activity.joined = true;
  }

  onJoinRefused(why: string): void {
    const seated = this.#rise();
    if (!seated) return;
    const code = why in REALTIME_ERRORS ? (why as RealtimeErrorCode) : undefined;
    // No code says how it went: the answer alone would leave that out.
    if (seated.requestId === 0 || !code) this.#cancelled(seated.matchId, code ? "shard_lost" : why);
    this.#answer(seated, code ?? "match_over");
  }

  onInputRefused(code: InputRefusalCode): void {
    this.#sitter.onInputRefused(code);
  }

  onSeatStatus(status: SeatStatus): void {
    const activity = this.#sitter.activity();
    if (activity.kind === "seated") this.#sitter.send(seatStatus(activity.matchId, status));
  }

  onEnded(ended: Ending): void {
    const seated = this.#over(ended.reason);
    if (!seated) return;
    this.#sitter.send(matchEnded(seated.matchId, ended));
    this.#answer(seated, "match_over");
  }

  onCancelled(reason: string, matchSeq: number): void {
    const seated = this.#over(reason);
    if (!seated) return;
    this.#cancelled(seated.matchId, reason, matchSeq);
    this.#answer(seated, "match_over");
  }

  onReplaced(): void {
    this.#rise();
    this.#sitter.replaced();
  }

  #over(reason: string): Seated | undefined {
    const seated = this.#rise();
    const { playerId } = this.#sitter;
    if (seated)
      this.#parts.log.info({ playerId, matchId: seated.matchId, reason }, "player told that the match is over");
    return seated;
  }

  /** @returns what it sat on */
  #rise(): Seated | undefined {
    const activity = this.#sitter.activity();
    if (activity.kind !== "seated") return undefined;
    this.#sitter.become(IDLE);
    return activity;
  }

  /** Of a seat that was asked for, and not had: its request has no answer yet. */
  #answer({ requestId }: Seated, code: RealtimeErrorCode): void {
    if (requestId !== 0) this.#sitter.error(requestId, code);
  }

  #cancelled(matchId: string, reason: string, matchSeq = 0): void {
    this.#sitter.send({ matchSeq, message: { case: "matchCancelled", value: { matchId, reason } } });
  }
}
