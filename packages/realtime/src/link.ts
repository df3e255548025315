// Frames of the gateway-shard link: u32 length of what follows, u8 type, body; little endian. STANDARD.md, "The link".
import type { RealtimeErrorCode } from "./errors.ts";

/** History: 1 = v2.0 as first built; 2 = ticks carry their inputs, matches move; 3 = views, spectators. */
export const LINK_VERSION = 3;
/** A match's input log, bytes: hours of a duel. A match whose log is longer cannot move to another shard. */
export const MATCH_LOG_BYTES_MAX = 768 * 1024;
/** Largest frame before the other side has proved who it is: a hello. */
export const LINK_HELLO_BYTES_MAX = 1024;
/** Largest frame on a link: a keyframe of a large game. */
export const LINK_FRAME_BYTES_MAX = 1024 * 1024;

export const LinkFrameType = {
  /** LinkRequest or LinkResponse. */
  control: 1,
  /** To the shard: u32 session, then the client's frame without its type byte. */
  input: 2,
  /** To the gateway: u32 channel, u8 view, then the frame for the clients. */
  keyframe: 3,
  /**
   * To the gateway: u32 channel, u32 tick, u16 check, u16 length of the record, record, then the frame for the clients
   * that see the public view.
   */
  tick: 4,
  /** To the gateway: u32 session, u8 index into INPUT_REFUSALS. */
  inputRefused: 5,
  /** Both ways, empty: the link is alive. */
  heartbeat: 6,
  /** To the gateway, behind the tick that it belongs to: u32 channel, u8 view, then the frame for the clients. */
  viewDelta: 7,
} as const;

/** Why an input was refused, by index. Append only. */
export const INPUT_REFUSALS = [
  "input_malformed",
  "input_too_late",
  "input_too_early",
  "input_out_of_order",
  "input_overflow",
  "not_in_match",
  "illegal_move",
] as const satisfies readonly RealtimeErrorCode[];

/** Also those that a gateway refuses by itself. */
export type InputRefusalCode = (typeof INPUT_REFUSALS)[number] | "input_too_fast";

const HEADER_BYTES = 5;
/** Channel, tick, check, length of the record. */
export const LINK_TICK_HEADER_BYTES = 12;
/** What spectators see; and, where a game redacts nothing, everybody. A seat's own view is its number plus one. */
export const PUBLIC_VIEW = 0;
/** Channel, view. */
export const LINK_VIEW_HEADER_BYTES = 5;
/** Below it a loop copies faster than set(): most frames are smaller. */
const LOOP_COPY_BYTES_MAX = 48;

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
  #at = 0;
  #scheduled = false;
  readonly #flush = (): void => this.flush();

  constructor(write: (chunk: Uint8Array) => void, schedule: (flush: () => void) => void, bytesInitial = 16 * 1024) {
    this.#write = write;
    this.#schedule = schedule;
    this.#buffer = new Uint8Array(bytesInitial);
  }

  /** A frame of a u32 and some bytes, `bytes` from `from` to `to`, by default all. */
  numbered(type: number, number: number, bytes: Uint8Array, from = 0, to: number = bytes.length): void {
    const at = this.#header(type, 4 + to - from);
    putU32(this.#buffer, at, number);
    copy(this.#buffer, at + 4, bytes, from, to);
  }

  /** A tick: its number and checksum, its record, its frame. */
  tick(channel: number, tick: number, check: number, record: Uint8Array, frame: Uint8Array): void {
    const at = this.#header(LinkFrameType.tick, LINK_TICK_HEADER_BYTES + record.length + frame.length);
    const buffer = this.#buffer;
    putU32(buffer, at, channel);
    putU32(buffer, at + 4, tick);
    buffer[at + 8] = check;
    buffer[at + 9] = check >>> 8;
    buffer[at + 10] = record.length;
    buffer[at + 11] = record.length >>> 8;
    copy(buffer, at + LINK_TICK_HEADER_BYTES, record);
    copy(buffer, at + LINK_TICK_HEADER_BYTES + record.length, frame);
  }

  /** A keyframe, or the delta of a seat's own view. */
  view(type: number, channel: number, view: number, frame: Uint8Array): void {
    const at = this.#header(type, LINK_VIEW_HEADER_BYTES + frame.length);
    putU32(this.#buffer, at, channel);
    this.#buffer[at + 4] = view;
    copy(this.#buffer, at + LINK_VIEW_HEADER_BYTES, frame);
  }

  plain(type: number, bytes: Uint8Array): void {
    const at = this.#header(type, bytes.length); // first: it may take a larger buffer
    copy(this.#buffer, at, bytes);
  }

  flush(): void {
    this.#scheduled = false;
    if (this.#at === 0) return;
    this.#write(this.#buffer.slice(0, this.#at));
    this.#at = 0;
  }

  /** @returns where the body goes. */
  #header(type: number, length: number): number {
    this.#reserve(HEADER_BYTES + length);
    const at = this.#at;
    putU32(this.#buffer, at, length + 1);
    this.#buffer[at + 4] = type;
    this.#at = at + HEADER_BYTES + length;
    if (!this.#scheduled) {
      this.#scheduled = true;
      this.#schedule(this.#flush);
    }
    return at + HEADER_BYTES;
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const bigger = new Uint8Array(Math.max(this.#buffer.length * 2, this.#at + bytes));
    bigger.set(this.#buffer.subarray(0, this.#at));
    this.#buffer = bigger;
  }
}

/** Sees a chunk's frames before the first of them is handed on: for a prefetch. */
export interface LookAhead {
  frame(type: number, bytes: Uint8Array, from: number): void;
  /** That was the last one. */
  end(): void;
}

/**
 * Cuts a byte stream into frames: `onFrame` gets the type, and the body as a range of bytes that is valid during the call.
 */
export class LinkReader {
  readonly #onFrame: (type: number, bytes: Uint8Array, from: number, to: number) => void;
  readonly #ahead: LookAhead | undefined;
  #rest: Uint8Array = NOTHING;
  /** What a frame may have now. */
  frameBytesMax: number = LINK_FRAME_BYTES_MAX;

  constructor(onFrame: (type: number, bytes: Uint8Array, from: number, to: number) => void, ahead?: LookAhead) {
    this.#onFrame = onFrame;
    this.#ahead = ahead;
  }

  /** @throws MalformedLinkError for a length that no frame has: close the link. */
  push(chunk: Uint8Array): void {
    const bytes = this.#rest.length === 0 ? chunk : joined(this.#rest, chunk);
    const end = bytes.length;
    if (this.#ahead) this.#lookAhead(bytes, this.#ahead);
    let at = 0;
    while (end - at >= HEADER_BYTES) {
      const length = u32(bytes, at);
      if (length < 1 || length > this.frameBytesMax) throw new MalformedLinkError(`a frame of ${length} bytes`);
      const next = at + 4 + length;
      if (next > end) break;
      this.#onFrame(bytes[at + 4] as number, bytes, at + HEADER_BYTES, next);
      at = next;
    }
    this.#rest = at === end ? NOTHING : bytes.slice(at);
  }

  /** Whole frames only; what is no frame ends it, and push() says so. */
  #lookAhead(bytes: Uint8Array, ahead: LookAhead): void {
    for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
      const next = at + 4 + u32(bytes, at);
      if (next < at + HEADER_BYTES || next > bytes.length) break;
      ahead.frame(bytes[at + 4] as number, bytes, at + HEADER_BYTES);
      at = next;
    }
    ahead.end();
  }
}

const NOTHING = new Uint8Array(0);

/** An unsigned number, little endian. */
export function u32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)) >>>
    0
  );
}

function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

function copy(into: Uint8Array, at: number, bytes: Uint8Array, from = 0, to: number = bytes.length): void {
  if (to - from > LOOP_COPY_BYTES_MAX) return into.set(bytes.subarray(from, to), at);
  for (let i = from; i < to; i++) into[at++] = bytes[i] as number;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
