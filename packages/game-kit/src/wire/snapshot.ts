// On the hot path, once per tick: design/realtime/performance.md.
//
// Snapshot frames as contracts/realtime/STANDARD.md specifies them. One encode per match and tick serves every receiver:
// a frame carries every seat's acknowledged input sequence number.
import { BitReader, BitWriter, MalformedBitsError } from "./bits.ts";
import { type Codec, codecOf } from "./codec.ts";
import type { Game } from "../game.ts";
import { gameLayoutOf } from "../schema/game-layout.ts";
import type { Layout } from "../schema/layout.ts";
import { plainOf } from "../schema/struct-view.ts";
import type { Fields, StateOf } from "../schema/schema.ts";
import { hashWords } from "./state-hash.ts";

export const KEYFRAME_FRAME = 0x03;
export const DELTA_FRAME = 0x04;

/** How a delta encodes a seat's acknowledgement: unchanged, +1, +2, or a new value in 32 bits. */
const ACK_FULL = 3;

/** Writes the frames of one game and keeps no state of any match. A returned frame is valid until the next call. */
export class FrameWriter {
  readonly #codec: Codec;
  readonly #writer: BitWriter;

  /** `writer`: may be shared; a frame is then valid until the next call of any frame writer that shares it. */
  constructor(layout: Layout<Fields>, writer: BitWriter = new BitWriter()) {
    this.#codec = codecOf(layout);
    this.#writer = writer;
  }

  /** The whole state. */
  keyframe(tick: number, words: Int32Array, acks: Uint32Array, seats: number): Uint8Array {
    const writer = this.#writer;
    writer.reset();
    writer.write(KEYFRAME_FRAME, 8);
    writer.write(tick, 32);
    writer.write(seats, 8);
    for (let seat = 0; seat < seats; seat++) writer.write(acks[seat] as number, 32);
    this.#codec.writeFull(words, writer);
    return writer.finish();
  }

  /** The change from the previous state to `tick`. Only the first elements of the words and acknowledgements arrays are used. */
  delta(
    tick: number,
    before: Int32Array,
    beforeAcks: Uint32Array,
    words: Int32Array,
    acks: Uint32Array,
    seats: number,
  ): Uint8Array {
    const writer = this.#writer;
    writer.reset();
    writer.write(DELTA_FRAME | ((tick & 0xff) << 8), 16);
    for (let seat = 0; seat < seats; seat++) {
      const ack = acks[seat] as number;
      const change = ack - (beforeAcks[seat] as number);
      const code = change >= 0 && change < ACK_FULL ? change : ACK_FULL;
      writer.write(code, 2);
      if (code === ACK_FULL) writer.write(ack, 32);
    }
    this.#codec.writeDelta(before, words, writer);
    return writer.finish();
  }
}

/** The sending side of one view: a frame writer that remembers what was sent. */
export class SnapshotEncoder {
  readonly #frames: FrameWriter;
  readonly #sentWords: Int32Array;
  readonly #sentAcks: Uint32Array;

  constructor(layout: Layout<Fields>, seats: number) {
    this.#frames = new FrameWriter(layout);
    this.#sentWords = new Int32Array(layout.words);
    this.#sentAcks = new Uint32Array(seats);
  }

  /** The whole state; does not move the base of the next delta. Valid until the next call. */
  keyframe(tick: number, words: Int32Array, acks: Uint32Array): Uint8Array {
    return this.#frames.keyframe(tick, words, acks, acks.length);
  }

  /** The change since the last call of delta() or rebase(). Valid until the next call. */
  delta(tick: number, words: Int32Array, acks: Uint32Array): Uint8Array {
    const frame = this.#frames.delta(tick, this.#sentWords, this.#sentAcks, words, acks, acks.length);
    this.rebase(words, acks);
    return frame;
  }

  /** Makes this state the base of the next delta. */
  rebase(words: Int32Array, acks: Uint32Array): void {
    this.#sentWords.set(words);
    this.#sentAcks.set(acks);
  }
}

/** The state of one tick as a frozen object, which you can keep. */
export interface Snapshot<S extends Fields> {
  readonly tick: number;
  /** By seat: the highest input sequence number that the shard has applied. */
  readonly acks: readonly number[];
  readonly state: StateOf<S>;
}

/** A live view of the newest tick, without a copy: the next frame changes it. */
export interface SnapshotView<S extends Fields> {
  readonly tick: number;
  readonly acks: Uint32Array;
  readonly state: StateOf<S>;
}

/** The receiving side of one match. */
export class SnapshotDecoder<S extends Fields = Fields> {
  readonly #codec: Codec;
  readonly words: Int32Array;
  readonly #fields: S;
  readonly #state: StateOf<S>;
  readonly #reader = new BitReader(new Uint8Array(0));
  #acks = new Uint32Array(0);
  #tick = -1;

  constructor(game: Game<S, Fields>) {
    const layout = gameLayoutOf(game as unknown as Game).state;
    this.#codec = codecOf(layout);
    this.#fields = game.state;
    this.words = new Int32Array(layout.words);
    this.#state = layout.view(this.words, 0, false) as unknown as StateOf<S>;
  }

  get tick(): number {
    return this.#tick;
  }

  /** Hash of this side's current state: equals the sender's Simulation.hash() at the same tick. */
  hash(): string {
    return hashWords(this.words, this.#tick);
  }

  /** The current state as a snapshot that you can keep. Undefined before the first frame. */
  snapshot(): Snapshot<S> | undefined {
    if (this.#tick < 0) return undefined;
    const acks = Object.freeze(Array.from(this.#acks));
    return Object.freeze({ tick: this.#tick, acks, state: plainOf(this.#fields, this.#state) });
  }

  /**
   * Applies a frame.
   * @returns undefined for a delta that does not follow the current state: wait for the next keyframe
   * @throws MalformedBitsError if the bytes are not a frame
   */
  apply(frame: Uint8Array): SnapshotView<S> | undefined {
    const reader = this.#reader;
    reader.reset(frame);
    const type = reader.read(8);
    if (type === KEYFRAME_FRAME) this.#readKeyframe(reader);
    else if (type !== DELTA_FRAME) throw new MalformedBitsError(`frame type ${type} is not a snapshot`);
    else if (!this.#readDelta(reader)) return undefined;
    reader.expectEnd();
    return { tick: this.#tick, acks: this.#acks, state: this.#state };
  }

  #readKeyframe(reader: BitReader): void {
    const tick = reader.read(32);
    const acks = new Uint32Array(reader.read(8));
    for (let seat = 0; seat < acks.length; seat++) acks[seat] = reader.read(32);
    this.#codec.readFull(reader, this.words);
    this.#acks = acks;
    this.#tick = tick;
  }

  #readDelta(reader: BitReader): boolean {
    const tickLow = reader.read(8);
    if (this.#tick < 0 || ((this.#tick + 1) & 0xff) !== tickLow) return false;
    for (let seat = 0; seat < this.#acks.length; seat++) {
      const code = reader.read(2);
      this.#acks[seat] = code === ACK_FULL ? reader.read(32) : (this.#acks[seat] as number) + code;
    }
    this.#codec.readDelta(reader, this.words);
    this.#tick++;
    return true;
  }
}
