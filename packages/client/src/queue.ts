// What waiting for a match leads to.
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
  /** One's own. */
  readonly seat: number;
  readonly players: readonly {
    readonly seat: number;
    readonly playerId: string;
    readonly name: string;
    /** Empty for a player, else the game's bot that plays this seat. */
    readonly bot: string;
  }[];
  readonly seatTicket: string;
  /** It is no new match: the player held this seat already, perhaps since before the app was started. */
  readonly held: boolean;
}

/** A wait that goes on over reconnects. */
export interface Queued {
  readonly mode: string;
  readonly region: string;
  /** Of the connection before this one: a match that it was given is told again. */
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
