// Whether a shard answers. While its link carries frames, few heartbeats are sent, because each one wakes both sides up. On
// an idle link, unanswered heartbeats count: after a few the shard is suspected, after many it is considered dead. Heartbeats
// are counted, not timed, so a gateway that was stopped itself does not blame its shards.

import { DEPENDENCIES } from "@muster/resilience";

/** Interval at which `next` is called. */
export const HEARTBEAT_EVERY_MS = 50;
/** A shard that answers no heartbeat for this long is taken for dead, though its socket is open. */
export const DEAD_AFTER_MS: number = DEPENDENCIES["realtime-gateway"].shard.links.tryMs;
/** While the shard is heard, only one in this many heartbeats is sent. */
const SENT_AT_LEAST_EVERY = 20;

export class Heartbeat {
  readonly #suspectAfterMs: number;
  /** Since the heartbeat before. */
  #heard = false;
  /** Heartbeats that were left out since the last one. */
  #leftOut = 0;
  /** Heartbeats since the shard was heard. */
  #unanswered = 0;
  #suspected = false;

  constructor(suspectAfterMs: number) {
    this.#suspectAfterMs = suspectAfterMs;
  }

  get suspected(): boolean {
    return this.#suspected;
  }

  /** Something came from the shard. @returns true when it was suspected until now */
  onHeard(): boolean {
    this.#heard = true;
    this.#unanswered = 0;
    const wasSuspected = this.#suspected;
    this.#suspected = false;
    return wasSuspected;
  }

  /** @returns `none`: no heartbeat is due; else one is, and the shard answers, is suspected from now on, or is taken for dead */
  next(isConnecting: boolean): "none" | "due" | "suspected" | "dead" {
    const heard = this.#heard;
    this.#heard = false;
    if (heard && ++this.#leftOut < SENT_AT_LEAST_EVERY) return "none";
    this.#leftOut = 0;
    if (heard || isConnecting) return "due";
    const unansweredMs = ++this.#unanswered * HEARTBEAT_EVERY_MS;
    if (unansweredMs > DEAD_AFTER_MS) return "dead";
    if (this.#suspected || unansweredMs < this.#suspectAfterMs) return "due";
    this.#suspected = true;
    return "suspected";
  }
}
