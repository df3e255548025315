// On the hot path, for every input: its first fields: design/realtime/performance.md.
//
// A seat that a player has, or is about to take.
import type { LinkJoined } from "@muster/contracts/realtime/link/v1";
import type { InputRefusalCode } from "@muster/realtime";
import type { LinkSession, ShardLink } from "../shards/shard-link.ts";
import type { Player, SeatStatus } from "./player.ts";

/** The match that the seat is in. */
export interface SeatOwner {
  seatJoined(seat: Seat, joined: LinkJoined): void;
  seatRefused(seat: Seat, code: string): void;
  seatReplaced(seat: Seat): void;
  leave(seat: Seat, forfeit: boolean): void;
  catchUp(seat: Seat): void;
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
  /** Among the seats of this gateway in the match. */
  readonly id: number;
  /** In its match; -1 until the shard has said so. */
  number = -1;
  /** What it is shown. */
  view = 0;
  /** When the shard was lost, on the clock of performance.now(). Also before the first answer: it is no sign of one. */
  #lostAt: number | undefined;
  readonly #claim: SeatClaim;
  readonly #owner: SeatOwner;

  constructor(owner: SeatOwner, id: number, player: Player, claim: SeatClaim, link: ShardLink) {
    this.#owner = owner;
    this.id = id;
    this.player = player;
    this.#claim = claim;
    this.link = link;
  }

  // ── from the connection ──────────────────────────────────────────────────────────────────────────────────────────

  leave(forfeit: boolean): void {
    this.#owner.leave(this, forfeit);
  }

  /** Its socket has drained. */
  catchUp(): void {
    this.#owner.catchUp(this);
  }

  // ── from the match ───────────────────────────────────────────────────────────────────────────────────────────────

  join(link: ShardLink): void {
    this.link = link;
    this.session = link.join(this, this.#claim);
  }

  leaveLink(forfeit: boolean): void {
    this.link.leave(this.session, forfeit);
  }

  /** Its player sends nothing until the match is somewhere again. */
  suspend(): void {
    this.joined = false;
    this.#lostAt ??= performance.now();
  }

  /** @returns how long it was without a shard, milliseconds; undefined: it was not */
  resume(): number | undefined {
    this.joined = true;
    const lostAt = this.#lostAt;
    this.#lostAt = undefined;
    return lostAt === undefined ? undefined : performance.now() - lostAt;
  }

  // ── from the link ────────────────────────────────────────────────────────────────────────────────────────────────

  onJoined(joined: LinkJoined): void {
    this.number = joined.seat;
    this.view = joined.view;
    this.#owner.seatJoined(this, joined);
  }

  onRefused(code: string): void {
    this.session = 0; // the link may give the number to another one
    this.#owner.seatRefused(this, code);
  }

  onReplaced(): void {
    this.#owner.seatReplaced(this);
    this.player.onReplaced();
  }

  onSeatStatus(status: SeatStatus): void {
    this.player.onSeatStatus(status);
  }

  onInputRefused(code: InputRefusalCode): void {
    this.player.onInputRefused(code);
  }
}
