// One match as this gateway sees it: the sockets that follow it, and what a new or late one needs to catch up.
import type { Outbound } from "./outbound.ts";

export interface Follower {
  readonly outbound: Outbound;
  /** Holds the state of the last frame: the next delta fits. */
  inSync: boolean;
}

export interface FanoutMetrics {
  sent(frames: number, bytes: number): void;
  skipped(): void;
  caughtUp(): void;
}

export class Fanout {
  readonly #followers = new Set<Follower>();
  readonly #log = new FrameLog();
  readonly #metrics: FanoutMetrics;

  constructor(metrics: FanoutMetrics) {
    this.#metrics = metrics;
  }

  get empty(): boolean {
    return this.#followers.size === 0;
  }

  get followers(): ReadonlySet<Follower> {
    return this.#followers;
  }

  /** It gets the next keyframe, or the cached one at once. */
  add(follower: Follower): void {
    follower.inSync = false;
    this.#followers.add(follower);
  }

  remove(follower: Follower): void {
    this.#followers.delete(follower);
  }

  onKeyframe(frame: Uint8Array): void {
    this.#log.restart(frame);
    for (const follower of this.#followers) if (!follower.inSync) this.catchUp(follower);
  }

  /** The hot path: once per tick and match. */
  onDelta(frame: Uint8Array): void {
    if (!this.#log.append(frame)) return; // no keyframe yet: nobody could use it
    for (const follower of this.#followers) {
      if (follower.inSync && follower.outbound.snapshot(frame)) {
        this.#metrics.sent(1, frame.length);
      } else {
        follower.inSync = false;
        this.#metrics.skipped();
      }
    }
  }

  /** For a follower that is new, or whose socket has drained. */
  catchUp(follower: Follower): void {
    if (follower.inSync || this.#log.empty || !follower.outbound.ready) return;
    follower.inSync = follower.outbound.catchUp(this.#log.frames());
    this.#metrics.caughtUp();
  }
}

/** What the log holds at most beyond a keyframe, bytes: a shard that sends no keyframes must not fill our memory. */
const LOG_BYTES_MAX = 256 * 1024;

/** A keyframe and the deltas since, one behind the other in one buffer: no allocation per tick. */
class FrameLog {
  #bytes = new Uint8Array(1024);
  #ends: number[] = [];

  get empty(): boolean {
    return this.#ends.length === 0;
  }

  restart(keyframe: Uint8Array): void {
    this.#ends = [];
    this.#put(keyframe);
  }

  /** False when there is no keyframe to follow. */
  append(delta: Uint8Array): boolean {
    if (this.empty) return false;
    if ((this.#ends.at(-1) as number) + delta.length > LOG_BYTES_MAX) this.#ends = [];
    else this.#put(delta);
    return true;
  }

  *frames(): Iterable<Uint8Array> {
    let from = 0;
    for (const end of this.#ends) {
      yield this.#bytes.subarray(from, end);
      from = end;
    }
  }

  #put(frame: Uint8Array): void {
    const at = this.#ends.at(-1) ?? 0;
    const end = at + frame.length;
    if (end > this.#bytes.length) {
      const bigger = new Uint8Array(Math.max(this.#bytes.length * 2, end));
      bigger.set(this.#bytes.subarray(0, at));
      this.#bytes = bigger;
    }
    this.#bytes.set(frame, at);
    this.#ends.push(end);
  }
}
