// On the hot path, once per tick, and for each of its sockets: design/realtime/performance.md.
//
// One match as this gateway sees it: the sockets that follow it, and what a new or late socket needs to catch up.
import { RecordLog } from "@muster/game-kit";
import type { Outbound } from "../connection/outbound.ts";

export interface FanoutMetrics {
  sent(frames: number, bytes: number): void;
  skipped(): void;
  caughtUp(): void;
}

/** What the log holds at most beyond a keyframe, bytes: a shard that sends no keyframes must not fill our memory. */
const LOG_BYTES_MAX = 256 * 1024;

export class Fanout {
  /** Few, and gone through at every tick. */
  readonly #followers: Outbound[] = [];
  /** A keyframe and the deltas since, one behind the other. Empty: there is no keyframe. */
  readonly #log = new RecordLog(LOG_BYTES_MAX);
  readonly #metrics: FanoutMetrics;

  constructor(metrics: FanoutMetrics) {
    this.#metrics = metrics;
  }

  /** A copy of the last one, as long as the log reaches back to it. */
  get keyframe(): Uint8Array | undefined {
    for (const first of this.#log) return first.slice();
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
    this.#log.clear();
    this.#log.append(frame);
    for (const follower of this.#followers) if (!follower.inSync) this.catchUp(follower);
  }

  /** Once per tick and match. */
  onDelta(frame: Uint8Array): void {
    this.#keep(frame);
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
    if (follower.inSync || this.#log.length === 0 || !follower.ready) return;
    follower.catchUp(this.#log);
    this.#metrics.caughtUp();
  }

  /** The last frame of a match: clients that are behind get it too. */
  finish(follower: Outbound): void {
    if (!follower.inSync && this.#log.length > 0) follower.catchUp(this.#log);
  }

  /** Nothing without a keyframe to follow. At the limit all goes: who is behind waits for the next keyframe. */
  #keep(delta: Uint8Array): void {
    const { length } = this.#log;
    if (length === 0) return;
    if (length + delta.length > LOG_BYTES_MAX) this.#log.clear();
    else this.#log.append(delta);
  }
}
