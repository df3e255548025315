// What a connection is currently doing: one thing at a time.
import type { AccessClaims } from "@muster/tokens";
import type { ChatSession } from "../chat/chat-session.ts";
import type { Seat } from "../matches/seat.ts";

export type ConnectionState =
  | { readonly kind: "idle" }
  | { readonly kind: "queued"; readonly ticketId: string }
  | Seated;

/** At a match, or on the way to it. */
export interface Seated {
  readonly kind: "seated";
  readonly matchId: string;
  readonly seat: Seat;
  /** The request to answer once the shard has; 0 when it is answered, or wants no answer. */
  requestId: number;
  /** The seat was had. */
  joined: boolean;
  /** When it came, on the clock of performance.now(). */
  readonly askedAt: number;
}

export type Identity =
  | { readonly kind: "unknown" }
  | { readonly kind: "checking" }
  | { readonly kind: "known"; claims: AccessClaims; chatSession: ChatSession | undefined };

export const IDLE: ConnectionState = { kind: "idle" };
export const UNKNOWN: Identity = { kind: "unknown" };
export const CHECKING: Identity = { kind: "checking" };
