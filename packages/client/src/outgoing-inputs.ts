// Sends a player's inputs no faster than the shard applies them, and again after a reconnect or a takeover.
// A screen that draws 144 times a second produces 144 inputs for 30 ticks. Of held inputs only the newest of a tick counts,
// so the others are merged into it. Every event counts, so events are sent one after the other.
import type { InputMode } from "@muster/game-kit";
import { encodeInput } from "@muster/realtime";

export interface OutgoingInputsOptions {
  readonly mode: InputMode;
  /** Ticks a second; 0 for a game without a clock. */
  readonly tickRate: number;
  readonly send: (frame: Uint8Array) => void;
  /** Called for an input that never reached the shard. */
  readonly onDropped: (code: "input_overflow" | "input_too_late") => void;
  /** Milliseconds, monotonic. Default performance.now. */
  readonly now?: (() => number) | undefined;
}

interface OutgoingInput {
  readonly seq: number;
  /** 0: as soon as possible. */
  readonly tick: number;
  readonly payload: Uint8Array;
}

/** The most inputs that the shard keeps for a seat. */
const KEPT_MAX = 16;
/** Allowed above the match's pace, because a screen is less regular than a shard. */
const AHEAD = { held: 3, event: 7 } as const;
/** The pace of a game without a clock. */
const PACE_PER_S = 30;

export class OutgoingInputs {
  readonly #options: OutgoingInputsOptions;
  readonly #now: () => number;
  readonly #everyMs: number;
  readonly #aheadMs: number;
  /** Sent but not yet applied, by sequence number, oldest first: after a takeover the new shard may not have them. */
  readonly #unapplied = new Map<number, OutgoingInput>();
  /** Not yet sent, oldest first. At most one if inputs are held. */
  #waiting: OutgoingInput[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #paidAt = 0;
  #seq: number;
  /** The last tick that an input named. */
  #tick = 0;

  constructor(lastSeq: number, options: OutgoingInputsOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#everyMs = 1000 / (options.tickRate || PACE_PER_S);
    this.#aheadMs = this.#everyMs * AHEAD[options.mode];
    this.#seq = lastSeq;
  }

  /** @returns the input's sequence number; merged inputs share one */
  add(payload: Uint8Array, tick: number): number {
    const held = this.#options.mode === "held";
    // Merged: the waiting input is never sent.
    const seq = (held ? this.#waiting.pop()?.seq : undefined) ?? ++this.#seq;
    const input = { seq, tick, payload };
    // There is one input for each named tick, so these keep the pace by themselves.
    if (this.#waiting.length === 0 && (this.#waitMs() <= 0 || (held && tick > this.#tick))) {
      this.#send(input);
    } else {
      this.#waiting.push(input);
      if (this.#waiting.length > KEPT_MAX) {
        this.#waiting.shift();
        this.#options.onDropped("input_overflow");
      }
    }
    this.#arm();
    return seq;
  }

  /** Call this when the shard has applied or finally refused every input up to `seq`. */
  forget(upTo: number): void {
    for (const seq of this.#unapplied.keys()) {
      if (seq > upTo) return;
      this.#unapplied.delete(seq);
    }
  }

  /**
   * Call this when the seat is available again: resends unapplied inputs that are not too late.
   * @param lastSeq the highest sequence number that the shard has accepted
   * @param fromTick inputs for earlier ticks are too late; 0 if unknown
   */
  resume(lastSeq: number, fromTick: number): void {
    this.forget(lastSeq);
    this.#seq = Math.max(this.#seq, lastSeq);
    const open = [...this.#unapplied.values(), ...this.#waiting];
    this.#unapplied.clear();
    this.#waiting = [];
    const last = open.at(-1);
    for (const input of open) {
      const late = input.tick !== 0 && input.tick < fromTick;
      if (this.#options.mode === "event") {
        if (late) this.#options.onDropped("input_too_late");
        else this.#send(input);
      } else if (input === last) {
        this.#send(late ? { ...input, tick: 0 } : input); // the input that the player holds now
      } else if (input.tick !== 0 && !late) {
        this.#send(input);
      }
    }
    this.#arm();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting = [];
  }

  #waitMs(): number {
    return this.#paidAt - this.#aheadMs - this.#now();
  }

  #send(input: OutgoingInput): void {
    this.#paidAt = Math.max(this.#paidAt, this.#now()) + this.#everyMs;
    this.#tick = Math.max(this.#tick, input.tick);
    this.#unapplied.set(input.seq, input);
    if (this.#unapplied.size > KEPT_MAX) this.#unapplied.delete(this.#unapplied.keys().next().value as number);
    this.#options.send(encodeInput(input.seq, input.tick, input.payload));
  }

  #arm(): void {
    if (this.#waiting.length === 0) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      return;
    }
    this.#timer ??= setTimeout(() => this.#onTime(), Math.max(0, Math.ceil(this.#waitMs())));
  }

  #onTime(): void {
    this.#timer = undefined;
    while (this.#waiting.length > 0 && this.#waitMs() <= 0) this.#send(this.#waiting.shift() as OutgoingInput);
    this.#arm();
  }
}
