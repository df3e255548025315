// What a connection is, and what it is doing: one thing at a time.
import type { AccessClaims } from "@muster/tokens";
import type { Chatting } from "./chatting.ts";
import type { ShardLink } from "./shard-link.ts";

export type Activity = { readonly kind: "idle" } | { readonly kind: "queued"; readonly ticketId: string } | Seat;

/** At a match, or on the way to it. */
export interface Seat {
  readonly kind: "seated";
  readonly matchId: string;
  readonly seatTicket: string;
  readonly address: string;
  link: ShardLink;
  session: number;
  joined: boolean;
  /** The request to answer once the shard has. */
  requestId: number;
  rejoins: number;
}

export type Identity =
  | { readonly kind: "unknown" }
  | { readonly kind: "checking" }
  | { readonly kind: "known"; claims: AccessClaims; readonly chatting: Chatting };
