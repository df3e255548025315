// On the hot path, once per tick: design/realtime/performance.md.
//
// Byte records, one after the other, each preceded by its length (LEB128): thousands of records for each of thousands of
// matches. The tail of a log is in a slab that many logs share, so an append touches one cache line of its own instead of an
// array object, its buffer and its bytes. When the tail is full, it moves to the log's own array, which is rarely touched.
import { MalformedBitsError } from "../wire/bits.ts";

/** Size of a tail. */
const TAIL_BYTES = 512;
/** Tails in a slab. A slab stays in memory until the last log with a tail in it is freed: one long match may keep 64 KiB. */
const SLAB_TAILS = 128;
/** Lengths up to this take one byte. */
const SHORT_MAX = 127;
const NOTHING = new Uint8Array(0);

let slab = NOTHING;
let slabUsed = 0;

export class RecordLog {
  readonly #slab: Uint8Array;
  readonly #from: number;
  readonly #bytesMax: number;
  /** Where the next byte goes. */
  #at: number;
  /** The bytes before the tail. */
  #body = NOTHING;
  #bodyLength = 0;

  /** `bytesMax`: the caller appends at most this much, so the array does not grow beyond it, except for a single longer record. */
  constructor(bytesMax = Infinity) {
    this.#bytesMax = bytesMax;
    if (slabUsed === slab.length) {
      slab = new Uint8Array(SLAB_TAILS * TAIL_BYTES);
      slabUsed = 0;
    }
    this.#slab = slab;
    this.#from = slabUsed;
    this.#at = slabUsed;
    slabUsed += TAIL_BYTES;
  }

  /** Bytes, lengths included. */
  get length(): number {
    return this.#bodyLength + this.#at - this.#from;
  }

  /** The last byte of the log if it is in the slab, otherwise 0. */
  get lastByte(): number {
    return this.#at > this.#from ? (this.#slab[this.#at - 1] as number) : 0;
  }

  /** All records, contiguous. Valid until the next call of any other method. */
  get bytes(): Uint8Array {
    this.#moveTail();
    return this.#body.subarray(0, this.#bodyLength);
  }

  clear(): void {
    this.#at = this.#from;
    this.#bodyLength = 0;
  }

  /** The record is `bytes` from `from` to `to`, by default all. */
  append(bytes: Uint8Array, from = 0, to: number = bytes.length): void {
    const length = to - from;
    let at = this.#at;
    if (length > SHORT_MAX || at + 1 + length > this.#from + TAIL_BYTES) return this.#appendLong(bytes, from, to);
    const into = this.#slab;
    into[at++] = length;
    for (let i = from; i < to; i++) into[at++] = bytes[i] as number;
    this.#at = at;
  }

  [Symbol.iterator](): Iterator<Uint8Array> {
    return recordsOf(this.bytes)[Symbol.iterator]();
  }

  /** Appends a long record, or a short one when the tail is full. */
  #appendLong(bytes: Uint8Array, from: number, to: number): void {
    this.#moveTail();
    let length = to - from;
    const header: number[] = [];
    for (; length > SHORT_MAX; length >>>= 7) header.push((length & 127) | 128);
    header.push(length);
    this.#toBody(Uint8Array.from(header));
    this.#toBody(bytes.subarray(from, to));
  }

  #moveTail(): void {
    this.#toBody(this.#slab.subarray(this.#from, this.#at));
    this.#at = this.#from;
  }

  #toBody(bytes: Uint8Array): void {
    const length = this.#bodyLength + bytes.length;
    if (length > this.#body.length) {
      const bigger = new Uint8Array(Math.max(Math.min(this.#body.length * 2, this.#bytesMax), length));
      bigger.set(this.#body.subarray(0, this.#bodyLength));
      this.#body = bigger;
    }
    this.#body.set(bytes, this.#bodyLength);
    this.#bodyLength = length;
  }
}

/** @throws MalformedBitsError unless the bytes are whole records. */
export function* recordsOf(bytes: Uint8Array): Iterable<Uint8Array> {
  for (let at = 0; at < bytes.length; ) {
    const { from, end } = recordAt(bytes, at);
    if (end > bytes.length) throw new MalformedBitsError("the log ends within a record");
    yield bytes.subarray(from, end);
    at = end;
  }
}

/** Where the first `records` records of a log end. @throws MalformedBitsError */
export function endOf(log: Uint8Array, records: number): number {
  let at = 0;
  for (let i = 0; i < records; i++) at = recordAt(log, at).end;
  return at;
}

function recordAt(bytes: Uint8Array, at: number): { from: number; end: number } {
  let length = 0;
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = bytes[at++];
    if (byte === undefined) throw new MalformedBitsError("the log ends within a length");
    length |= (byte & 127) << shift;
    if (byte < 128) return { from: at, end: at + length };
  }
  throw new MalformedBitsError("a record's length is too long");
}
