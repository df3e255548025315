// Tells a player about its seat: once when the match is found, and again whenever the player queues while holding the seat.
import type { SeatTicketSealer } from "@muster/tokens";
import type { HeldSeat } from "./held-seats.ts";
import type { PeerSessions } from "./peer-sessions.ts";

export interface AssigningParts {
  readonly sessions: PeerSessions;
  readonly sealer: SeatTicketSealer;
  readonly seatTicketTtlS: number;
  readonly joinWithinMs: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** `ticket`: the one that is answered; `held`: the player already had the seat. */
export function assign(
  { match, seat }: HeldSeat,
  ticket: { readonly ticketId: string; readonly playerId: string; readonly gatewayId: string },
  held: boolean,
  parts: AssigningParts,
): void {
  const { matchId, epoch, mode, gameId, seats, shardId, shardAddress, traceparent } = match;
  const expiresAt = BigInt(Math.floor(parts.now() / 1000) + parts.seatTicketTtlS);
  const { ticketId, playerId, gatewayId } = ticket;
  const seatTicket = parts.sealer.seal({ matchId, epoch, seat, playerId, shardId, shardAddress, expiresAt });
  const { joinWithinMs } = parts;
  const value = {
    ticketId,
    matchId,
    mode,
    gameId,
    seat,
    seats: [...seats],
    seatTicket,
    joinWithinMs,
    traceparent,
    held,
  };
  parts.sessions.gateways.get(gatewayId)?.out.push({ message: { case: "assigned", value } });
}
