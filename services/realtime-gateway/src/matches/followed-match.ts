// On the hot path, once per tick: design/realtime/performance.md.
//
// What a shard sends about a match that this gateway follows: its input log and its frames. A delta is sent to clients only
// after its record is in the log, so everything that a player saw can be simulated again, whatever happens to the shard.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { LinkFollow, LinkHandoverSchema } from "@muster/contracts/realtime/link/v1";
import { InputLog } from "@muster/game-kit";
import { LINK_TICK_HEADER_BYTES, MATCH_LOG_BYTES_MAX, PUBLIC_VIEW, u32 } from "@muster/realtime";
import { Fanout, type FanoutMetrics } from "./fanout.ts";

const NO_KEYFRAME = new Uint8Array(0);

/** Gets what spectators are to see, when it happens. */
export interface PublicFeed {
  onKeyframe(frame: Uint8Array): void;
  onDelta(frame: Uint8Array): void;
  /** What comes next does not follow what came before. */
  restart(): void;
}

/** Of a link, what a match asks by itself. */
export interface LogReceiver {
  transferLog(handover: MessageInitShape<typeof LinkHandoverSchema>): void;
}

export class FollowedMatch {
  // What every tick needs comes first, side by side in memory.
  #log = new InputLog(MATCH_LOG_BYTES_MAX);
  #check = 0;
  readonly #public: Fanout;
  /** While there are spectators here. */
  feed: PublicFeed | undefined;
  readonly matchId: string;
  /** Gateways with a replica of the log, as the shard said last. */
  replicas: readonly string[] = [];
  /** On the link that its frames come from; 0 once it was transferred. */
  channel = 0;
  readonly #metrics: FanoutMetrics;
  /** Of seats that see what others do not. */
  readonly #own = new Map<number, Fanout>();

  constructor(matchId: string, metrics: FanoutMetrics) {
    this.matchId = matchId;
    this.#metrics = metrics;
    this.#public = new Fanout(metrics);
  }

  get ticks(): number {
    return this.#log.records;
  }

  /** False for a log that outgrew its limit: no other shard can take the match. */
  get movable(): boolean {
    return this.#log.complete;
  }

  /** The sockets that see the same. */
  fanout(view: number): Fanout {
    if (view === PUBLIC_VIEW) return this.#public;
    let own = this.#own.get(view);
    if (!own) this.#own.set(view, (own = new Fanout(this.#metrics)));
    return own;
  }

  /** The shard tells what this gateway lacks. @throws MalformedBitsError */
  onFollow({ log, afterTicks, check, channel }: LinkFollow): void {
    if (afterTicks !== this.#log.records)
      this.#log = InputLog.of(this.#log.bytesBefore(Math.min(afterTicks, this.#log.records)), MATCH_LOG_BYTES_MAX);
    this.#log.appendAll(log);
    this.#check = check;
    this.channel = channel;
  }

  /** A link frame of type tick is `bytes` from `from` to `to`. */
  onTick(bytes: Uint8Array, from: number, to: number): void {
    const tick = u32(bytes, from + 4);
    if (tick !== this.#log.records + 1) throw new Error(`tick ${tick} follows ${this.#log.records}`);
    const recordAt = from + LINK_TICK_HEADER_BYTES;
    const deltaAt = recordAt + ((bytes[from + 10] as number) | ((bytes[from + 11] as number) << 8));
    this.#log.append(bytes, recordAt, deltaAt);
    this.#check = (bytes[from + 8] as number) | ((bytes[from + 9] as number) << 8);
    if (to === deltaAt) return this.#onUnshown();
    const delta = bytes.subarray(deltaAt, to);
    this.#public.onDelta(delta);
    this.feed?.onDelta(delta);
  }

  /** A tick whose state is not shown: what is shown next is a keyframe. */
  #onUnshown(): void {
    this.#public.restart();
    this.feed?.restart();
  }

  /** Behind the tick that it belongs to. */
  onViewDelta(view: number, delta: Uint8Array): void {
    this.#own.get(view)?.onDelta(delta);
  }

  onKeyframe(view: number, frame: Uint8Array): void {
    this.fanout(view).onKeyframe(frame);
    if (view === PUBLIC_VIEW) this.feed?.onKeyframe(frame);
  }

  /** To the shard that goes on with it. */
  transferLog(link: LogReceiver, epoch: number): void {
    this.channel = 0;
    const { matchId, ticks, replicas } = this;
    const keyframe = this.#public.keyframe ?? NO_KEYFRAME;
    const log = this.#log.bytes.slice();
    link.transferLog({ matchId, epoch, ticks, check: this.#check, holders: [...replicas], log, keyframe });
  }
}
