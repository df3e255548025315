// A player's socket, as its seat sees it.
import type { LinkJoined } from "@muster/contracts/realtime/link/v1";
import type { InputRefusalCode } from "@muster/realtime";
import type { Outbound } from "../connection/outbound.ts";

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
