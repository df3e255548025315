// A player's ticket, from the connection's side.
import type { Assignment } from "@muster/contracts/matchmaking/v2";
import type { Enqueue } from "@muster/contracts/realtime/v1";
import type { AccessClaims } from "@muster/tokens";
import { currentTrace, formatTraceparent, newTrace } from "@muster/tracing";
import type { ConnectionParts } from "./connection-parts.ts";

export interface Waiter {
  /** False once it waits no more, or with another ticket. */
  waitsWith(ticketId: string): boolean;
  onAssigned(assignment: Assignment): void;
  /** A code of the error table. */
  onOutOfQueue(ticketId: string, code: string): void;
}

/** Looks the rating up, then hands the ticket to the matchmaker. */
export function enqueue(
  parts: Pick<ConnectionParts, "queueing" | "ratings" | "log">,
  { playerId, playerName }: AccessClaims,
  { mode, region, resumeTicketId }: Enqueue,
  ticket: { readonly ticketId: string; readonly waiter: Waiter },
): void {
  const { ticketId, waiter } = ticket;
  const since = performance.now();
  const traceparent = formatTraceparent(currentTrace() ?? newTrace());
  parts.log.info({ playerId, ticketId, mode }, "queued");
  const submit = (rating: number): void => {
    if (!waiter.waitsWith(ticketId)) return; // cancelled while we looked the rating up
    parts.queueing.submit({
      ticketId,
      playerId,
      playerName,
      mode,
      rating,
      region,
      since,
      traceparent,
      resumeTicketId,
      onAssigned: (assignment) => waiter.waitsWith(ticketId) && waiter.onAssigned(assignment),
      onRefused: (code) => waiter.waitsWith(ticketId) && waiter.onOutOfQueue(ticketId, code),
    });
  };
  parts.ratings.of(playerId, mode).then(submit, (err: unknown) => {
    parts.log.error({ err, playerId }, "no rating; the ticket is dropped");
    if (waiter.waitsWith(ticketId)) waiter.onOutOfQueue(ticketId, "queue_unavailable");
  });
}
