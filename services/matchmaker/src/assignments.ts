// Matches that were given to tickets a moment ago. The message that tells of one may meet a socket that is gone: a player
// who comes back with the ticket is told again, wherever that is.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { AssignmentSchema } from "@muster/contracts/matchmaking/v2";

type Assignment = MessageInitShape<typeof AssignmentSchema>;

interface Given {
  readonly playerId: string;
  readonly assignment: Assignment;
  /** The match is cancelled when nobody has come by then. */
  readonly until: number;
}

const REMEMBERED_MAX = 50_000;

export class Assignments {
  readonly #byTicket = new Map<string, Given>();

  add(ticket: { readonly ticketId: string; readonly playerId: string }, assignment: Assignment, until: number): void {
    this.#byTicket.set(ticket.ticketId, { playerId: ticket.playerId, assignment, until });
    if (this.#byTicket.size > REMEMBERED_MAX) this.#byTicket.delete(this.#byTicket.keys().next().value as string);
  }

  /** For the ticket's own player, while the seat can still be taken. */
  of(ticketId: string, playerId: string, now: number): Assignment | undefined {
    const given = this.#byTicket.get(ticketId);
    return given && given.playerId === playerId && given.until > now ? given.assignment : undefined;
  }
}
