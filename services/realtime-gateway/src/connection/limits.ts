import type { InputRefusalCode } from "@muster/realtime";

/**
 * Inputs that are taken of a socket: `inputsPerS` on average, twice that in a burst. Below 0 it says how many frames too many
 * came, which are forgiven at `floodPerS`.
 * @returns what is left after this many seconds
 */
export function refilled(
  left: number,
  { inputsPerS, floodPerS }: { readonly inputsPerS: number; readonly floodPerS: number },
  seconds: number,
): number {
  const owed = Math.min(0, left + floodPerS * seconds);
  // Whole: the engine keeps a fraction somewhere else in memory.
  return Math.round(left < 0 && owed < 0 ? owed : Math.min(inputsPerS * 2, Math.max(0, left) + inputsPerS * seconds));
}

/** Further above its limit than so many seconds' worth, a socket is closed; as much is forgiven in a second. */
const BYTES_FLOOD = 8;

/** As inputs, bytes of all messages. */
export function bytesRefilled(left: number, { bytesPerS }: { readonly bytesPerS: number }, seconds: number): number {
  return refilled(left, { inputsPerS: bytesPerS, floodPerS: bytesPerS * BYTES_FLOOD }, seconds);
}

export function isFlood(
  framesLeft: number,
  bytesLeft: number,
  { floodPerS, bytesPerS }: { readonly floodPerS: number; readonly bytesPerS: number },
): boolean {
  return framesLeft < -floodPerS || bytesLeft < -bytesPerS * BYTES_FLOOD;
}

/** For requests above the limit of bytes. */
export const BYTES_RETRY_MS = 1000;

/** WebSocket pings and pongs of a client, in a second: libraries send one now and then. Beyond it the socket is closed. */
export const PINGS_PER_S_MAX = 50;
/** Refused control messages of a client, in a second. Beyond it the socket is closed. */
export const CONTROL_REFUSED_PER_S_MAX = 200;

/**
 * JoinMatch and WatchMatch are answered by then, `shard_unavailable` if with nothing else; looked at twice a second. The SDK waits for 10 s. A
 * match none of whose logs is left is known to be lost after less (the shard's LOG_WITHIN_MS).
 */
export const ANSWER_WITHIN_MS = 7000;

const TELL_EVERY_MS = 1000;
const WINDOW_MS = 10_000;
/** A fast screen is no attack, nor is a slow line: told, and never counted. */
const HARMLESS: ReadonlySet<InputRefusalCode> = new Set(["input_too_fast", "input_overflow", "input_too_late"]);
/** What was under way when the line, or the match, came or went. */
const OUTDATED: ReadonlySet<InputRefusalCode> = new Set(["input_too_early", "input_out_of_order", "not_in_match"]);
/** For this long after a seat was taken or given up, outdated inputs are not counted. */
const OUTDATED_FOR_MS = 5000;

/** Refused inputs of one socket: told at most once a second per reason, and too many end the connection. */
export class InputRefusals {
  readonly #max: number;
  readonly #untold = new Map<InputRefusalCode, number>();
  #changedAt = -Infinity;
  #toldAt = -Infinity;
  #windowFrom = 0;
  #inWindow = 0;

  constructor(maxPerWindow: number) {
    this.#max = maxPerWindow;
  }

  /** A seat was taken or given back. */
  changed(now: number): void {
    this.#changedAt = now;
  }

  /** False: more than the limit in ten seconds. */
  add(code: InputRefusalCode, now: number): boolean {
    this.#untold.set(code, (this.#untold.get(code) ?? 0) + 1);
    if (HARMLESS.has(code) || (OUTDATED.has(code) && now - this.#changedAt < OUTDATED_FOR_MS)) return true;
    if (now - this.#windowFrom > WINDOW_MS) {
      this.#windowFrom = now;
      this.#inWindow = 0;
    }
    this.#inWindow++;
    return this.#inWindow <= this.#max;
  }

  /** What to tell now, with counts; empty when it is too soon. */
  take(now: number): [InputRefusalCode, number][] {
    if (this.#untold.size === 0 || now - this.#toldAt < TELL_EVERY_MS) return [];
    this.#toldAt = now;
    const all = [...this.#untold];
    this.#untold.clear();
    return all;
  }
}
