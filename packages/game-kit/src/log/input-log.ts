// On the hot path, once per tick: design/realtime/performance.md.
import { endOf, RecordLog, recordsOf } from "./record-log.ts";

/** Maximum size of a record's length. */
const LENGTH_BYTES_MAX = 5;

/** The records of a match. Grows up to a limit; beyond it, records are dropped and `complete` is false. */
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

  /** False once the limit was exceeded: the log does not contain the whole match. */
  get complete(): boolean {
    return !this.#overflowed;
  }

  /** Valid until the next append. */
  get bytes(): Uint8Array {
    return this.#log.bytes;
  }

  /** Bytes, lengths included. */
  get length(): number {
    return this.#log.length;
  }

  /** The last byte, or 0 when reading it would be expensive. */
  get lastByte(): number {
    return this.#log.lastByte;
  }

  /** The record is `bytes` from `from` to `to`, by default all. */
  append(bytes: Uint8Array, from = 0, to: number = bytes.length): void {
    this.#records++;
    if (this.#log.length + to - from + LENGTH_BYTES_MAX > this.#bytesMax) this.#overflowed = true;
    if (!this.#overflowed) this.#log.append(bytes, from, to);
  }

  /** Appends records of another log. @throws MalformedBitsError unless they are whole. */
  appendAll(bytes: Uint8Array): void {
    for (const record of recordsOf(bytes)) this.append(record);
  }

  /** The bytes of the first `records` records. */
  bytesBefore(records: number): Uint8Array {
    const { bytes } = this;
    return bytes.subarray(0, endOf(bytes, records));
  }

  /** The bytes after the first `records` records. */
  bytesAfter(records: number): Uint8Array {
    const { bytes } = this;
    return bytes.subarray(endOf(bytes, records));
  }

  [Symbol.iterator](): Iterator<Uint8Array> {
    return this.#log[Symbol.iterator]();
  }
}
