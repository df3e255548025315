// Frames held back for a while, in order. At the limit all of them go, and the next keyframe begins anew.
import type { Fanout } from "../matches/fanout.ts";
import type { PublicFeed } from "../matches/followed-match.ts";

/** Per match: ten minutes of a duel are a third of it. */
const BYTES_MAX = 1024 * 1024;

type Kind = "keyframe" | "delta" | "restart";

interface Held {
  readonly dueAt: number;
  readonly kind: Kind;
  readonly frame: Uint8Array;
}

const NOTHING = new Uint8Array(0);

export class DelayedFrames implements PublicFeed {
  readonly #to: Fanout;
  readonly #delayMs: number;
  readonly #onOverflow: () => void;
  #held: Held[] = [];
  #bytes = 0;
  #end: { readonly dueAt: number; readonly tell: () => void } | undefined;

  constructor(to: Fanout, delayMs: number, onOverflow: () => void) {
    this.#to = to;
    this.#delayMs = delayMs;
    this.#onOverflow = onOverflow;
  }

  onKeyframe(frame: Uint8Array): void {
    this.#hold("keyframe", frame);
  }

  onDelta(frame: Uint8Array): void {
    this.#hold("delta", frame);
  }

  /** What comes next does not follow what came before. */
  restart(): void {
    this.#hold("restart", NOTHING);
  }

  /** Calls it when all that came before has been shown. */
  end(tell: () => void): void {
    if (this.#delayMs === 0) return tell();
    this.#end ??= { dueAt: performance.now() + this.#delayMs, tell };
  }

  release(now: number): void {
    let due = 0;
    for (; due < this.#held.length; due++) {
      const { dueAt, kind, frame } = this.#held[due] as Held;
      if (dueAt > now) break;
      this.#bytes -= frame.length;
      this.#show(kind, frame);
    }
    if (due > 0) this.#held.splice(0, due);
    if (this.#end && this.#end.dueAt <= now) this.#end.tell();
  }

  #hold(kind: Kind, frame: Uint8Array): void {
    if (this.#delayMs === 0) return this.#show(kind, frame);
    const dueAt = performance.now() + this.#delayMs;
    if (this.#bytes + frame.length > BYTES_MAX) {
      this.#held = [{ dueAt, kind: "restart", frame: NOTHING }];
      this.#bytes = 0;
      this.#onOverflow();
    }
    this.#bytes += frame.length;
    this.#held.push({ dueAt, kind, frame: frame.slice() });
  }

  #show(kind: Kind, frame: Uint8Array): void {
    if (kind === "keyframe") this.#to.onKeyframe(frame);
    else if (kind === "delta") this.#to.onDelta(frame);
    else this.#to.restart();
  }
}
