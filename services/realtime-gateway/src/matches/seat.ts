// A seat that a player has, or is on the way to.
import type { LinkJoined } from "@muster/contracts/realtime/link/v1";
import type { InputRefusalCode } from "@muster/realtime";
import type { Outbound } from "../connection/outbound.ts";
import type { LinkSession, ShardLink } from "../shards/shard-link.ts";

/** How a match ended. */
export interface Ending {
  readonly reason: string;
  /** By seat. */
  readonly seats: readonly { readonly score: number; readonly rank: number }[];
  readonly ticks: number;
  readonly stateHash: string;
  /** 0 where nobody knows it: told by the database, not by the shard. */
  readonly matchSeq?: number;
}

export interface SeatStatus {
  readonly seat: number;
  readonly connected: boolean;
  readonly graceMs: number;
  readonly matchSeq: number;
}

/** A player's socket, as its seat sees it. */
export interface Player {
  readonly outbound: Outbound;
  onJoined(joined: LinkJoined): void;
  /** @param why a code of the error table, or why the match is over */
  onJoinRefused(why: string): void;
  onInputRefused(code: InputRefusalCode): void;
  onSeatStatus(status: SeatStatus): void;
  onEnded(ended: Ending): void;
  onCancelled(reason: string, matchSeq: number): void;
  onReplaced(): void;
}

export interface SeatOwner {
  joined(seat: Seat, joined: LinkJoined): void;
  refused(seat: Seat, code: string): void;
  forget(seat: Seat): void;
}

/** What the player shows to get the seat. */
export interface SeatClaim {
  readonly seatTicket: string;
  readonly traceparent: string;
  /** What the client has had of the match's messages. */
  readonly lastMatchSeq: number;
}

export class Seat implements LinkSession {
  // What every input needs comes first, side by side in memory.
  link: ShardLink;
  session = 0;
  /** Inputs may go. */
  joined = false;
  readonly player: Player;
  readonly matchId: string;
  readonly claim: SeatClaim;
  /** In its match; -1 until the shard has said so. */
  number = -1;
  /** What it is shown. */
  view = 0;
  /** How often it was looked for elsewhere. */
  looks = 0;
  /** When the shard was lost, on the clock of performance.now(). Also before the first answer: it is no sign of one. */
  lostAt: number | undefined;
  /** A join is on its way on `link`, and not answered yet. */
  asked = false;
  /** Some shard has given it to the player, on this connection: until then there is a request to answer. */
  joinedBefore = false;
  readonly #owner: SeatOwner;

  constructor(owner: SeatOwner, player: Player, matchId: string, claim: SeatClaim, link: ShardLink) {
    this.#owner = owner;
    this.player = player;
    this.matchId = matchId;
    this.claim = claim;
    this.link = link;
  }

  join(): void {
    this.asked = true;
    this.session = this.link.join(this, this.claim);
  }

  onJoined(joined: LinkJoined): void {
    this.asked = false;
    this.joinedBefore = true;
    this.number = joined.seat;
    this.view = joined.view;
    this.#owner.joined(this, joined);
  }

  onRefused(code: string): void {
    this.asked = false;
    this.session = 0; // the link may give the number to another one
    this.#owner.refused(this, code);
  }

  onReplaced(): void {
    this.#owner.forget(this);
    this.player.onReplaced();
  }

  onSeatStatus(status: SeatStatus): void {
    this.player.onSeatStatus(status);
  }

  onInputRefused(code: InputRefusalCode): void {
    this.player.onInputRefused(code);
  }
}
