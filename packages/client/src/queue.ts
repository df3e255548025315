// Queueing for a match, and its outcomes.
import type { MatchFound, QueueLeft, ServerControl } from "@muster/contracts/realtime/v1/client";
import { MusterError } from "./errors.ts";

export interface QueueOptions {
  readonly region?: string;
  /** Aborting it leaves the queue. */
  readonly signal?: AbortSignal;
  /**
   * Told why nobody is paired in this queue, if that is so for longer than a second, and undefined when players are again. The place in the
   * queue is kept meanwhile: there is nothing to do but to say so. no_room: all servers are full; shards_busy: they have too much to do;
   * no_shard: none is there. Treat other codes, of later versions, like no_room.
   */
  readonly onPaused?: ((reason: string | undefined) => void) | undefined;
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
  /** As the caller was told last; empty: players are paired. */
  paused: string;
  readonly onPaused: QueueOptions["onPaused"];
  found(match: FoundMatch): void;
  failed(err: MusterError): void;
}

type QueueMessage = Extract<
  ServerControl["message"],
  { readonly case: "matchFound" | "queueLeft" | "queued" | "queueStatus" }
>;

export function onQueueMessage(queued: Queued, message: QueueMessage): void {
  switch (message.case) {
    case "matchFound":
      return onFound(queued, foundMatch(message.value));
    case "queueLeft":
      return queued.failed(leftQueue(message.value));
    case "queued": // the first ticket, or one of another connection: its gateway says behind this if the queue is paused
      queued.ticketId = message.value.ticketId;
      return tellPaused(queued, "");
    case "queueStatus":
      if (message.value.ticketId === queued.ticketId) tellPaused(queued, message.value.paused);
      return;
  }
}

function onFound(queued: Queued, found: FoundMatch): void {
  if (!found.held || found.mode === queued.mode) return queued.found(found);
  const text = `you hold a seat in a ${found.mode} match: join that match, or join and leave it, before you queue again`;
  queued.failed(new MusterError("already_in_match", text, { details: { found } }));
}

function tellPaused(queued: Queued, paused: string): void {
  if (queued.paused === paused) return;
  queued.paused = paused;
  queued.onPaused?.(paused === "" ? undefined : paused);
}

function foundMatch({ matchId, mode, gameId, seat, players, seatTicket, held }: MatchFound): FoundMatch {
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

function leftQueue({ reason, retryAfterMs }: QueueLeft): MusterError {
  const details = retryAfterMs > 0 ? { retryAfterMs } : undefined;
  return new MusterError(reason, `left the queue: ${reason}`, { details });
}
