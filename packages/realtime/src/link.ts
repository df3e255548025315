// Frames of the gateway-shard link: u32 length of what follows, u8 type, body; little endian. STANDARD.md, "The link".
import type { RealtimeErrorCode } from "./errors.ts";

/** History: 1 = v2.0 as first built; 2 = ticks carry their inputs, matches move. */
export const LINK_VERSION = 2;
/** A match's input log, bytes: hours of a duel. A match whose log is longer cannot move to another shard. */
export const MATCH_LOG_BYTES_MAX = 768 * 1024;
/** Largest frame on a link: a keyframe of a large game. */
export const LINK_FRAME_BYTES_MAX = 1024 * 1024;

export const LinkFrameType = {
  /** LinkRequest or LinkResponse. */
  control: 1,
  /** To the shard: u32 session, then the client's frame without its type byte. */
  input: 2,
  /** To the gateway: u32 channel, then the frame for the clients. */
  keyframe: 3,
  /** To the gateway: u32 channel, u32 tick, u16 check, u16 length of the record, record, then the frame for the clients. */
  tick: 4,
  /** To the gateway: u32 session, u8 index into INPUT_REFUSALS. */
  inputRefused: 5,
  /** Both ways, empty: the link is alive. */
  beat: 6,
} as const;

/** Why an input was refused, by index. Append only. */
export const INPUT_REFUSALS = [
  "input_malformed",
  "input_too_late",
  "input_too_early",
  "input_out_of_order",
  "input_overflow",
  "not_in_match",
] as const satisfies readonly RealtimeErrorCode[];

const HEADER_BYTES = 5;
/** Channel, tick, check, length of the record. */
export const LINK_TICK_HEADER_BYTES = 12;

export class MalformedLinkError extends Error {
  override readonly name = "MalformedLinkError";
}

/**
 * Gathers frames and hands them over as one chunk per event-loop turn: thousands of frames cost one system call.
 * `schedule` runs a function later in this turn (setImmediate); `write` takes ownership of the chunk.
 */
export class LinkWriter {
  readonly #write: (chunk: Uint8Array) => void;
  readonly #schedule: (flush: () => void) => void;
  #buffer: Uint8Array;
  #view: DataView;
  #at = 0;
  #scheduled = false;
  readonly #flush = (): void => this.flush();

  constructor(write: (chunk: Uint8Array) => void, schedule: (flush: () => void) => void, bytesInitial = 16 * 1024) {
    this.#write = write;
    this.#schedule = schedule;
    this.#buffer = new Uint8Array(bytesInitial);
    this.#view = new DataView(this.#buffer.buffer);
  }

  /** A frame of a u32 and some bytes: inputs and snapshots. */
  numbered(type: number, number: number, bytes: Uint8Array, from = 0): void {
    const length = 4 + bytes.length - from;
    this.#header(type, length);
    this.#view.setUint32(this.#at, number, true);
    this.#buffer.set(from === 0 ? bytes : bytes.subarray(from), this.#at + 4);
    this.#at += length;
  }

  /** A tick: its place, its record, its frame. */
  tick(channel: number, tick: number, check: number, record: Uint8Array, frame: Uint8Array): void {
    const length = LINK_TICK_HEADER_BYTES + record.length + frame.length;
    this.#header(LinkFrameType.tick, length);
    const at = this.#at;
    this.#view.setUint32(at, channel, true);
    this.#view.setUint32(at + 4, tick, true);
    this.#view.setUint16(at + 8, check, true);
    this.#view.setUint16(at + 10, record.length, true);
    this.#buffer.set(record, at + LINK_TICK_HEADER_BYTES);
    this.#buffer.set(frame, at + LINK_TICK_HEADER_BYTES + record.length);
    this.#at += length;
  }

  plain(type: number, bytes: Uint8Array): void {
    this.#header(type, bytes.length);
    this.#buffer.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  flush(): void {
    this.#scheduled = false;
    if (this.#at === 0) return;
    this.#write(this.#buffer.slice(0, this.#at));
    this.#at = 0;
  }

  #header(type: number, length: number): void {
    this.#reserve(HEADER_BYTES + length);
    this.#view.setUint32(this.#at, length + 1, true);
    this.#view.setUint8(this.#at + 4, type);
    this.#at += HEADER_BYTES;
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#schedule(this.#flush);
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const bigger = new Uint8Array(Math.max(this.#buffer.length * 2, this.#at + bytes));
    bigger.set(this.#buffer.subarray(0, this.#at));
    this.#buffer = bigger;
    this.#view = new DataView(bigger.buffer);
  }
}

/** Cuts a byte stream into frames. Frames point into the chunk that was pushed: use them before the next push. */
export class LinkReader {
  readonly #onFrame: (type: number, body: Uint8Array) => void;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(onFrame: (type: number, body: Uint8Array) => void) {
    this.#onFrame = onFrame;
  }

  /** @throws MalformedLinkError for a length that no frame has: close the link. */
  push(chunk: Uint8Array): void {
    const bytes = this.#rest.length === 0 ? chunk : joined(this.#rest, chunk);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    while (bytes.length - at >= HEADER_BYTES) {
      const length = view.getUint32(at, true);
      if (length < 1 || length > LINK_FRAME_BYTES_MAX) throw new MalformedLinkError(`a frame of ${length} bytes`);
      if (bytes.length - at - 4 < length) break;
      this.#onFrame(bytes[at + 4] as number, bytes.subarray(at + HEADER_BYTES, at + 4 + length));
      at += 4 + length;
    }
    this.#rest = at === bytes.length ? new Uint8Array(0) : bytes.slice(at);
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
