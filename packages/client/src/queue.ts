// Queueing for a match, and its outcomes.
import type { MatchFound, QueueLeft } from "@muster/contracts/realtime/v1/client";
import { MusterError } from "./errors.ts";

export interface QueueOptions {
  readonly region?: string;
  /** Aborting it leaves the queue. */
  readonly signal?: AbortSignal;
}

export interface FoundMatch {
  readonly matchId: string;
  readonly mode: string;
  readonly gameId: string;
  /** This player's seat. */
  readonly seat: number;
  readonly players: readonly {
    readonly seat: number;
    readonly playerId: string;
    readonly name: string;
    /** The name of the game's bot in this seat; empty for a player. */
    readonly bot: string;
  }[];
  readonly seatTicket: string;
  /** True if this is not a new match: the player already held this seat, perhaps since before the app started. */
  readonly held: boolean;
}

/** A pending `queue()` call, which continues across reconnects. */
export interface Queued {
  readonly mode: string;
  readonly region: string;
  /** Aborted: the caller wants to leave. */
  readonly signal: AbortSignal | undefined;
  /** The ticket of the previous connection: if it was matched, the server reports that match again. */
  ticketId: string;
  found(match: FoundMatch): void;
  failed(err: MusterError): void;
}

export function foundMatch({ matchId, mode, gameId, seat, players, seatTicket, held }: MatchFound): FoundMatch {
  return {
    matchId,
    mode,
    gameId,
    seat,
    seatTicket,
    held,
    players: players.map(({ seat: number, playerId, name, bot }) => ({ seat: number, playerId, name, bot })),
  };
}

export function leftQueue({ reason, retryAfterMs }: QueueLeft): MusterError {
  const details = retryAfterMs > 0 ? { retryAfterMs } : undefined;
  return new MusterError(reason, `left the queue: ${reason}`, { details });
}
