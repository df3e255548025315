// Delays frames by a fixed time, in order. Above the limit it drops all of them, and spectators continue with the next
// keyframe.
import type { Fanout } from "../matches/fanout.ts";
import type { PublicFeed } from "../matches/followed-match.ts";

/** Per match: ten minutes of a duel are a third of it. */
const BYTES_MAX = 1024 * 1024;

type Kind = "keyframe" | "delta" | "restart";

interface DelayedFrame {
  readonly dueAt: number;
  readonly kind: Kind;
  readonly frame: Uint8Array;
}

const NOTHING = new Uint8Array(0);

export class DelayedFrames implements PublicFeed {
  readonly #to: Fanout;
  readonly #delayMs: number;
  readonly #onOverflow: () => void;
  #delayed: DelayedFrame[] = [];
  #bytes = 0;
  #end: { readonly dueAt: number; readonly tell: () => void } | undefined;

  constructor(to: Fanout, delayMs: number, onOverflow: () => void) {
    this.#to = to;
    this.#delayMs = delayMs;
    this.#onOverflow = onOverflow;
  }

  onKeyframe(frame: Uint8Array): void {
    this.#delay("keyframe", frame);
  }

  onDelta(frame: Uint8Array): void {
    this.#delay("delta", frame);
  }

  /** What comes next does not follow what came before. */
  restart(): void {
    this.#delay("restart", NOTHING);
  }

  /** Calls it when all that came before has been shown. */
  end(tell: () => void): void {
    if (this.#delayMs === 0) return tell();
    this.#end ??= { dueAt: performance.now() + this.#delayMs, tell };
  }

  release(now: number): void {
    let due = 0;
    for (; due < this.#delayed.length; due++) {
      const { dueAt, kind, frame } = this.#delayed[due] as DelayedFrame;
      if (dueAt > now) break;
      this.#bytes -= frame.length;
      this.#show(kind, frame);
    }
    if (due > 0) this.#delayed.splice(0, due);
    if (this.#end && this.#end.dueAt <= now) this.#end.tell();
  }

  #delay(kind: Kind, frame: Uint8Array): void {
    if (this.#delayMs === 0) return this.#show(kind, frame);
    const dueAt = performance.now() + this.#delayMs;
    if (this.#bytes + frame.length > BYTES_MAX) {
      this.#delayed = [{ dueAt, kind: "restart", frame: NOTHING }];
      this.#bytes = 0;
      this.#onOverflow();
    }
    this.#bytes += frame.length;
    this.#delayed.push({ dueAt, kind, frame: frame.slice() });
  }

  #show(kind: Kind, frame: Uint8Array): void {
    if (kind === "keyframe") this.#to.onKeyframe(frame);
    else if (kind === "delta") this.#to.onDelta(frame);
    else this.#to.restart();
  }
}
