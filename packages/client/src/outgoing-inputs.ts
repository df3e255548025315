// A player's inputs on their way to the shard: no faster than it takes them, and again when the line, or the match, came back.
// A screen that draws 144 times a second has 144 inputs for 30 ticks: of inputs that are held, only the newest of a tick counts
// anyhow, so the others are merged into it. Events all count: they wait for their turn.
import type { InputMode } from "@muster/game-kit";
import { encodeInput } from "@muster/realtime";

export interface OutgoingInputsOptions {
  readonly mode: InputMode;
  /** Ticks a second; 0 for a game without a clock. */
  readonly tickRate: number;
  readonly send: (frame: Uint8Array) => void;
  /** An input that never got to the shard. */
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

/** The shard keeps no more for a seat. */
const KEPT_MAX = 16;
/** Beyond the pace: a screen is not as regular as a shard. */
const AHEAD = { held: 3, event: 7 } as const;
/** Of a game without a clock. */
const PACE_PER_S = 30;

export class OutgoingInputs {
  readonly #options: OutgoingInputsOptions;
  readonly #now: () => number;
  readonly #everyMs: number;
  readonly #aheadMs: number;
  /** Sent and not applied yet, by sequence number, oldest first: another shard may never have had them. */
  readonly #unapplied = new Map<number, OutgoingInput>();
  /** Not sent yet, oldest first. Of held inputs one at most. */
  #waiting: OutgoingInput[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #paidAt = 0;
  #seq: number;
  /** The last one that was named. */
  #tick = 0;

  constructor(lastSeq: number, options: OutgoingInputsOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#everyMs = 1000 / (options.tickRate || PACE_PER_S);
    this.#aheadMs = this.#everyMs * AHEAD[options.mode];
    this.#seq = lastSeq;
  }

  /** @returns its sequence number; inputs that were merged have the same. */
  add(payload: Uint8Array, tick: number): number {
    const held = this.#options.mode === "held";
    // Merged: what waited is never sent.
    const seq = (held ? this.#waiting.pop()?.seq : undefined) ?? ++this.#seq;
    const input = { seq, tick, payload };
    // There is one of each tick that is named: they keep the pace by themselves.
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

  /** The shard has applied everything up to this one, or has refused it for good. */
  forget(upTo: number): void {
    for (const seq of this.#unapplied.keys()) {
      if (seq > upTo) return;
      this.#unapplied.delete(seq);
    }
  }

  /**
   * The seat is there again: sends what was not applied, as far as it still counts.
   * @param lastSeq the highest that the shard has accepted
   * @param fromTick inputs that name an earlier one come too late; 0 when that cannot be said
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
        this.#send(late ? { ...input, tick: 0 } : input); // what the player holds down now
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
