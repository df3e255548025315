// A ticket that waits in a queue.
import type { Strength } from "./strength.ts";

export interface WaitingTicket extends Strength {
  readonly ticketId: string;
  readonly playerId: string;
  readonly playerName: string;
  readonly gatewayId: string;
  readonly mode: string;
  /** Empty: near to every region. */
  readonly region: string;
  /** Start of the wait on the matchmaker's clock, milliseconds: before its own start for a ticket that waited already. */
  readonly since: number;
  readonly traceparent: string;
  /** Where the player's connection comes from; empty or absent: unknown. */
  readonly address?: string;
  /** Until then it is paired with others of which that is true: it did not come to a match. */
  readonly apartUntil?: number;
  /** Players who are not paired with it. */
  readonly victims?: ReadonlySet<string>;
}
