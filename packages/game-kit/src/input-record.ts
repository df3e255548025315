// What a tick's simulation was given, as bytes: one record per tick, and a forfeit as a last record of its own. The
// records of a match, with its game, build, seed and options, are the whole match.
import { BitReader, BitWriter } from "./bits.ts";
import { type Codec, codecOf } from "./codec.ts";
import type { Game } from "./game.ts";
import { compiledOf } from "./compiled.ts";
import { endOf, RecordLog, recordsOf } from "./record-log.ts";

/** Two bits per seat, then what the codes announce, in the order of the seats. */
const NOTHING = 0;
/** The input's sequence number is one above the seat's last. */
const NEXT_INPUT = 1;
/** A sequence number of 32 bits comes before the input. */
const INPUT = 2;
/** The seat has left for good: it gives no input any more, held or not. */
const LEFT = 3;

/** What a record tells, seat by seat. */
export interface RecordReader {
  /** The input is the words from `at` on. */
  onInput(seat: number, seq: number, words: Int32Array, at: number): void;
  onLeft(seat: number): void;
}

/** Of all matches: a record is written, used and forgotten before the next one is. */
const writer = new BitWriter(64);
const reader = new BitReader(new Uint8Array(0));

/** Per seat: the last sequence number of a record; what the record that is being made says; then its input's words. */
const LAST_SEQ = 0;
const CODE = 1;
const SEQ = 2;
const WORDS = 3;

/** What a record's length takes at most. */
const LENGTH_BYTES_MAX = 5;

/** What the records of a match keep. */
export function recordWords(inputWords: number, seats: number): number {
  return seats * (WORDS + inputWords);
}

/** Writes and reads the records of one match, in order. */
export class InputRecords {
  readonly #codec: Codec;
  readonly #wordsEach: number;
  readonly #codesBytes: number;
  readonly #seats: number;
  /** Seat by seat, as above, between these places. */
  readonly #made: Int32Array;
  readonly #from: number;
  readonly #to: number;

  /** `memory`: where to keep what it keeps, from `from` on: beside the match's state, since every tick comes by both. */
  constructor(game: Game, seats: number, memory?: Int32Array, from = 0) {
    const { inputLayout } = compiledOf(game);
    this.#codec = codecOf(inputLayout);
    this.#wordsEach = inputLayout.words;
    this.#seats = seats;
    this.#codesBytes = Math.ceil(seats / 4);
    this.#made = memory ?? new Int32Array(recordWords(inputLayout.words, seats));
    this.#from = from;
    this.#to = from + recordWords(inputLayout.words, seats);
  }

  /** The seat's input of the record that is being made: the words from `at` on. */
  input(seat: number, seq: number, words: Int32Array, at = 0): void {
    const made = this.#made;
    const own = this.#own(seat);
    made[own + CODE] = (seq | 0) === (((made[own + LAST_SEQ] as number) + 1) | 0) ? NEXT_INPUT : INPUT;
    made[own + SEQ] = seq;
    for (let i = 0; i < this.#wordsEach; i++) made[own + WORDS + i] = words[at + i] as number; // few: cheaper than set()
  }

  /** By seat: the last sequence number that any record told, 0 for none. Copied to the first elements of `into`. */
  copySeqs(into: Uint32Array): void {
    for (let seat = 0; seat < this.#seats; seat++) into[seat] = this.#made[this.#own(seat) + LAST_SEQ] as number;
  }

  /** The seat leaves with the record that is being made. */
  left(seat: number): void {
    this.#made[this.#own(seat) + CODE] = LEFT;
  }

  /** The record, and a new one begins. Valid until the next call on any match's records. */
  finish(): Uint8Array {
    const made = this.#made;
    const each = WORDS + this.#wordsEach;
    writer.reset();
    for (let own = this.#from; own < this.#to; own += each) writer.write(made[own + CODE] as number, 2);
    for (let own = this.#from; own < this.#to; own += each) {
      const code = made[own + CODE] as number;
      made[own + CODE] = NOTHING;
      if (code !== NEXT_INPUT && code !== INPUT) continue;
      const seq = made[own + SEQ] as number;
      if (code === INPUT) writer.write(seq, 32);
      this.#codec.writeFull(made, writer, own + WORDS);
      made[own + LAST_SEQ] = seq;
    }
    return writer.finish();
  }

  /** The next record of a log; the words that `to` gets are valid during the call. @throws MalformedBitsError */
  read(record: Uint8Array, to: RecordReader): void {
    if (record.length === this.#codesBytes && record.every((byte) => byte === 0)) return; // most ticks bring nothing
    const made = this.#made;
    const each = WORDS + this.#wordsEach;
    reader.reset(record);
    for (let own = this.#from; own < this.#to; own += each) made[own + CODE] = reader.read(2);
    for (let seat = 0; seat < this.#seats; seat++) {
      const own = this.#own(seat);
      const code = made[own + CODE] as number;
      made[own + CODE] = NOTHING;
      if (code === LEFT) to.onLeft(seat);
      if (code !== NEXT_INPUT && code !== INPUT) continue;
      const seq = code === INPUT ? reader.read(32) : ((made[own + LAST_SEQ] as number) + 1) >>> 0;
      this.#codec.readFull(reader, made, own + WORDS);
      made[own + LAST_SEQ] = seq;
      to.onInput(seat, seq, made, own + WORDS);
    }
    reader.expectEnd();
  }

  #own(seat: number): number {
    return this.#from + seat * (WORDS + this.#wordsEach);
  }
}

/** The records of a match. Grows up to a limit, then says so and takes no more. */
export class InputLog {
  readonly #log: RecordLog;
  readonly #bytesMax: number;
  #records = 0;
  #overflowed = false;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
    this.#log = new RecordLog(bytesMax);
  }

  /** @throws MalformedBitsError unless the bytes are whole records. */
  static of(bytes: Uint8Array, bytesMax: number): InputLog {
    const log = new InputLog(bytesMax);
    log.appendAll(bytes);
    return log;
  }

  get records(): number {
    return this.#records;
  }

  /** False once the limit was passed: the log is not the whole match. */
  get complete(): boolean {
    return !this.#overflowed;
  }

  /** Valid until the next append. */
  get bytes(): Uint8Array {
    return this.#log.bytes;
  }

  /** The record is `bytes` from `from` to `to`, by default all. */
  append(bytes: Uint8Array, from = 0, to: number = bytes.length): void {
    this.#records++;
    if (this.#log.length + to - from + LENGTH_BYTES_MAX > this.#bytesMax) this.#overflowed = true;
    if (!this.#overflowed) this.#log.append(bytes, from, to);
  }

  /** See prefetch.ts. */
  prefetch(depth: number): number {
    return depth === 0 ? this.#records : this.#log.prefetch(depth - 1);
  }

  /** Records of another log. @throws MalformedBitsError unless they are whole. */
  appendAll(bytes: Uint8Array): void {
    for (const record of recordsOf(bytes)) this.append(record);
  }

  /** The bytes of the first `records` ones. */
  bytesBefore(records: number): Uint8Array {
    const { bytes } = this;
    return bytes.subarray(0, endOf(bytes, records));
  }

  /** The bytes behind the first `records` ones. */
  bytesAfter(records: number): Uint8Array {
    const { bytes } = this;
    return bytes.subarray(endOf(bytes, records));
  }

  [Symbol.iterator](): Iterator<Uint8Array> {
    return this.#log[Symbol.iterator]();
  }
}
