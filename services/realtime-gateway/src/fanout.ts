// One match as this gateway sees it: the sockets that follow it, and what a new or late one needs to catch up.
import type { Outbound } from "./outbound.ts";

export interface FanoutMetrics {
  sent(frames: number, bytes: number): void;
  skipped(): void;
  caughtUp(): void;
}

/** Of the followers of one match: a large one has the caches for itself. */
const PREFETCHED_MAX = 16;

export class Fanout {
  /** Few, and gone through at every tick. */
  readonly #followers: Outbound[] = [];
  readonly #log = new FrameLog();
  readonly #metrics: FanoutMetrics;

  constructor(metrics: FanoutMetrics) {
    this.#metrics = metrics;
  }

  /** A copy of the last one, as long as the log reaches back to it. */
  get keyframe(): Uint8Array | undefined {
    for (const first of this.#log.frames()) return first.slice();
    return undefined;
  }

  /** It gets the next keyframe, or the cached one at once. */
  add(follower: Outbound): void {
    follower.inSync = false;
    if (!this.#followers.includes(follower)) this.#followers.push(follower);
  }

  remove(follower: Outbound): void {
    const at = this.#followers.indexOf(follower);
    if (at >= 0) this.#followers.splice(at, 1);
  }

  /** What comes next does not follow what came before: everybody waits for a keyframe. */
  restart(): void {
    this.#log.clear();
    for (const follower of this.#followers) follower.inSync = false;
  }

  onKeyframe(frame: Uint8Array): void {
    this.#log.restart(frame);
    for (const follower of this.#followers) if (!follower.inSync) this.catchUp(follower);
  }

  /** See game-kit's prefetch.ts. */
  prefetch(depth: number): number {
    const followers = this.#followers;
    if (depth === 0) return Number(followers !== undefined);
    let sum = this.#log.prefetch(depth - 1);
    if (depth === 1) return sum + followers.length;
    for (let i = 0; i < followers.length && i < PREFETCHED_MAX; i++)
      sum += depth === 2 ? Number(followers[i] !== undefined) : (followers[i] as Outbound).prefetch(depth - 3);
    return sum;
  }

  /** The hot path: once per tick and match. */
  onDelta(frame: Uint8Array): void {
    this.#log.append(frame);
    const followers = this.#followers;
    let sent = 0;
    for (let i = 0; i < followers.length; i++) {
      if ((followers[i] as Outbound).snapshot(frame)) sent++;
      else this.#metrics.skipped();
    }
    if (sent > 0) this.#metrics.sent(sent, sent * frame.length);
  }

  /** For a follower that is new, or whose socket has drained. */
  catchUp(follower: Outbound): void {
    if (follower.inSync || this.#log.empty || !follower.ready) return;
    follower.catchUp(this.#log.frames());
    this.#metrics.caughtUp();
  }
}

/** What the log holds at most beyond a keyframe, bytes: a shard that sends no keyframes must not fill our memory. */
const LOG_BYTES_MAX = 256 * 1024;
/** Each frame lies behind its length. */
const LENGTH_BYTES = 3;

/** A keyframe and the deltas since, one behind the other in one buffer: no allocation per tick. */
class FrameLog {
  #bytes = new Uint8Array(512);
  #end = 0;

  prefetch(depth: number): number {
    if (depth === 0) return this.#end;
    if (depth === 1) return this.#bytes.length;
    return depth === 2 && this.#end < this.#bytes.length ? (this.#bytes[this.#end] as number) : 0;
  }

  get empty(): boolean {
    return this.#end === 0;
  }

  clear(): void {
    this.#end = 0;
  }

  restart(keyframe: Uint8Array): void {
    this.#end = 0;
    this.#put(keyframe);
  }

  /** Nothing without a keyframe to follow. At the limit all goes: who is behind waits for the next keyframe. */
  append(delta: Uint8Array): void {
    if (this.#end === 0) return;
    if (this.#end + delta.length > LOG_BYTES_MAX) this.#end = 0;
    else this.#put(delta);
  }

  *frames(): Iterable<Uint8Array> {
    for (let at = 0; at < this.#end; ) {
      const from = at + LENGTH_BYTES;
      const [low, middle, high] = [this.#bytes[at], this.#bytes[at + 1], this.#bytes[at + 2]] as number[];
      at = from + ((low as number) | ((middle as number) << 8) | ((high as number) << 16));
      yield this.#bytes.subarray(from, at);
    }
  }

  #put(frame: Uint8Array): void {
    const { length } = frame;
    let at = this.#end;
    if (at + LENGTH_BYTES + length > this.#bytes.length) this.#grow(at + LENGTH_BYTES + length);
    const bytes = this.#bytes;
    bytes[at++] = length;
    bytes[at++] = length >>> 8;
    bytes[at++] = length >>> 16;
    for (let i = 0; i < length; i++) bytes[at++] = frame[i] as number; // short, mostly
    this.#end = at;
  }

  #grow(needed: number): void {
    const bigger = new Uint8Array(Math.max(this.#bytes.length * 2, needed));
    bigger.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = bigger;
  }
}
