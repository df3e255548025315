// The processes of protocol-model.ts.
import { type MatchState, newMatchState } from "@muster/realtime-gateway/testing";
import type { LogTransfers } from "@muster/shard/testing";

/** A record consists of its epoch and its index. Two logs fork where they differ. */
export type Log = readonly string[];

export interface Gateway {
  readonly id: string;
  up: boolean;
  /** The real rules' state; a link is called by its shard. */
  state: MatchState<string>;
  /** What the log is, while the state says that there is one. */
  log: string[];
  /** Shard and epoch of the frames that are taken: the channels of its links. */
  readonly bound: Set<string>;
  readonly suspected: Set<string>;
  question: { readonly epoch: number; readonly lost: boolean } | undefined;
  lastSeat: number;
}

export interface Shard {
  readonly id: string;
  up: boolean;
  stopped: boolean;
  /** It has let the match go on purpose. */
  left: boolean;
  epoch: number;
  /** Undefined while it waits for logs. */
  log: string[] | undefined;
  round: LogTransfers | undefined;
  /** Seats that wait for it to go on. */
  joining: readonly { readonly gateway: Gateway; readonly seat: number }[];
  readonly followers: Set<string>;
}

export function newGateway(id: string): Gateway {
  return {
    id,
    up: true,
    state: newMatchState(),
    log: [],
    bound: new Set(),
    suspected: new Set(),
    question: undefined,
    lastSeat: 0,
  };
}

/** It runs the match in `epoch`; 0: not at all. */
export function newShard(id: string, epoch: number): Shard {
  return {
    id,
    up: true,
    stopped: false,
    left: false,
    epoch,
    log: epoch > 0 ? [] : undefined,
    round: undefined,
    joining: [],
    followers: new Set(),
  };
}

export function hearingOf({ suspected }: Gateway, shardId: string): "heard" | "suspected" {
  return suspected.has(shardId) ? "suspected" : "heard";
}

/** No frame of that shard is taken any more. */
export function unbind({ bound }: Gateway, shardId: string): void {
  for (const channel of bound) if (channel.startsWith(`${shardId}:`)) bound.delete(channel);
}
