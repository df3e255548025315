// A match that this gateway carries: its input log, the sockets that follow it, and where it runs. A delta is shown to
// nobody before its record is in the log: what a player saw can be re-simulated, whatever happens to the shard.
import type { LinkFollow } from "@muster/contracts/realtime/link/v1";
import { InputLog } from "@muster/game-kit";
import { LINK_TICK_HEADER_BYTES, MATCH_LOG_BYTES_MAX } from "@muster/realtime";
import { Fanout, type FanoutMetrics } from "./fanout.ts";
import type { ShardLink } from "./shard-link.ts";

export class FollowedMatch {
  readonly matchId: string;
  readonly fanout: Fanout;
  epoch: number;
  /** Gateways that hold the log, as the shard said last. */
  holders: readonly string[] = [];
  /** Where its frames come from; undefined while it has no shard. */
  link: ShardLink | undefined;
  channel = 0;
  /** The players have heard the end; the log stays until match-service has the result. */
  over = false;
  #log = new InputLog(MATCH_LOG_BYTES_MAX);
  #check = 0;

  constructor(matchId: string, epoch: number, metrics: FanoutMetrics) {
    this.matchId = matchId;
    this.epoch = epoch;
    this.fanout = new Fanout(metrics);
  }

  get ticks(): number {
    return this.#log.records;
  }

  /** False for a log that outgrew its limit: no other shard can take the match. */
  get movable(): boolean {
    return this.#log.complete;
  }

  /** The shard tells what this gateway lacks. @throws MalformedBitsError */
  onFollow({ epoch, log, afterTicks, check, channel }: LinkFollow, link: ShardLink): void {
    if (afterTicks !== this.#log.records)
      this.#log = InputLog.of(this.#log.bytesBefore(Math.min(afterTicks, this.#log.records)), MATCH_LOG_BYTES_MAX);
    this.#log.appendAll(log);
    this.#check = check;
    this.epoch = epoch;
    this.channel = channel;
    this.link = link;
    this.over = false;
  }

  /** The hot path: `body` is a link frame of type tick. */
  onTick(body: Uint8Array): void {
    const tick = u32(body, 4);
    if (tick !== this.#log.records + 1) throw new Error(`tick ${tick} follows ${this.#log.records}`);
    const recordBytes = (body[10] as number) | ((body[11] as number) << 8);
    const deltaAt = LINK_TICK_HEADER_BYTES + recordBytes;
    this.#log.append(body.subarray(LINK_TICK_HEADER_BYTES, deltaAt));
    this.#check = (body[8] as number) | ((body[9] as number) << 8);
    if (body.length > deltaAt) this.fanout.onDelta(body.subarray(deltaAt));
  }

  /** To the shard that goes on with it. */
  handOver(link: ShardLink, epoch: number): void {
    this.link = link;
    this.channel = 0;
    this.epoch = epoch;
    const { matchId, ticks, holders } = this;
    link.handOver({ matchId, epoch, ticks, check: this.#check, holders: [...holders], log: this.#log.bytes.slice() });
  }
}

export function u32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)) >>>
    0
  );
}
