// On the hot path, once per tick: design/realtime/performance.md.
//
// The inputs of a tick as bytes: one record per tick, and a separate last record for a forfeit. The records of a match, with
// its game, build, seed and options, determine the whole match.
import { compiledOf, memoryMapOf } from "../engine/compiled.ts";
import { ENTRY_CODE, ENTRY_INPUT, ENTRY_LAST_SEQ, ENTRY_SEQ, type MemoryMap } from "../engine/memory.ts";
import type { Game } from "../game.ts";
import { BitReader, BitWriter } from "../wire/bits.ts";
import { type Codec, codecOf } from "../wire/codec.ts";

/** A record: a code of two bits per seat, then the data that the codes announce, in the order of the seats. */
const NOTHING = 0;
/** An input whose sequence number is one above the seat's last. */
const NEXT_INPUT = 1;
/** An input preceded by its sequence number in 32 bits. */
const INPUT = 2;
/** The seat has left for good: it has no input from now on, not even a held one. */
const LEFT = 3;

/** Receives the contents of a record, seat by seat. */
export interface RecordReader {
  /** The input is the words from `at` on. */
  onInput(seat: number, seq: number, words: Int32Array, at: number): void;
  onLeft(seat: number): void;
}

/** Shared by all matches: a record is written and used before the next one is begun. */
const writer = new BitWriter(64);
const reader = new BitReader(new Uint8Array(0));

/** Writes and reads the records of one match, in order. */
export class InputRecords {
  readonly #codec: Codec;
  readonly #map: MemoryMap;
  /** The match's memory: its record entries are next to its state, since every tick reads both. */
  readonly #memory: Int32Array;

  /** `memory`: that of a simulation; omitted when records are read without one. */
  constructor(game: Game, seats: number, memory?: Int32Array) {
    this.#codec = codecOf(compiledOf(game).layout.input);
    this.#map = memoryMapOf(game, seats);
    this.#memory = memory ?? new Int32Array(this.#map.words);
  }

  /** Adds the seat's input to the current record: the words from `at` on. */
  input(seat: number, seq: number, words: Int32Array, at = 0): void {
    const memory = this.#memory;
    const entry = this.#map.entryAt(seat);
    memory[entry + ENTRY_CODE] =
      (seq | 0) === (((memory[entry + ENTRY_LAST_SEQ] as number) + 1) | 0) ? NEXT_INPUT : INPUT;
    memory[entry + ENTRY_SEQ] = seq;
    for (let i = 0; i < this.#map.inputWords; i++) memory[entry + ENTRY_INPUT + i] = words[at + i] as number; // few: cheaper than set()
  }

  /** Copies the last sequence number in any record, by seat (0 for none), to the first elements of `into`. */
  copySeqs(into: Uint32Array): void {
    for (let seat = 0; seat < this.#map.seats; seat++)
      into[seat] = this.#memory[this.#map.entryAt(seat) + ENTRY_LAST_SEQ] as number;
  }

  /** Notes in the current record that the seat leaves. */
  left(seat: number): void {
    this.#memory[this.#map.entryAt(seat) + ENTRY_CODE] = LEFT;
  }

  /** Returns the record and begins a new one. Valid until the next call on the records of any match. */
  finish(): Uint8Array {
    const memory = this.#memory;
    const { entriesAt, entryWords, words: end } = this.#map;
    writer.reset();
    for (let entry = entriesAt; entry < end; entry += entryWords) writer.write(memory[entry + ENTRY_CODE] as number, 2);
    for (let entry = entriesAt; entry < end; entry += entryWords) {
      const code = memory[entry + ENTRY_CODE] as number;
      memory[entry + ENTRY_CODE] = NOTHING;
      if (code !== NEXT_INPUT && code !== INPUT) continue;
      const seq = memory[entry + ENTRY_SEQ] as number;
      if (code === INPUT) writer.write(seq, 32);
      this.#codec.writeFull(memory, writer, entry + ENTRY_INPUT);
      memory[entry + ENTRY_LAST_SEQ] = seq;
    }
    return writer.finish();
  }

  /** Reads the next record of a log. The words passed to `to` are valid during the call only. @throws MalformedBitsError */
  read(record: Uint8Array, to: RecordReader): void {
    if (record.length === Math.ceil(this.#map.seats / 4) && record.every((byte) => byte === 0)) return; // most ticks have no input
    const memory = this.#memory;
    const { entriesAt, entryWords, words: end } = this.#map;
    reader.reset(record);
    for (let entry = entriesAt; entry < end; entry += entryWords) memory[entry + ENTRY_CODE] = reader.read(2);
    for (let seat = 0; seat < this.#map.seats; seat++) {
      const entry = this.#map.entryAt(seat);
      const code = memory[entry + ENTRY_CODE] as number;
      memory[entry + ENTRY_CODE] = NOTHING;
      if (code === LEFT) to.onLeft(seat);
      if (code !== NEXT_INPUT && code !== INPUT) continue;
      const seq = code === INPUT ? reader.read(32) : ((memory[entry + ENTRY_LAST_SEQ] as number) + 1) >>> 0;
      this.#codec.readFull(reader, memory, entry + ENTRY_INPUT);
      memory[entry + ENTRY_LAST_SEQ] = seq;
      to.onInput(seat, seq, memory, entry + ENTRY_INPUT);
    }
    reader.expectEnd();
  }
}
