// One timer for all frames that are delayed for spectators.
import type { DelayedFrames } from "./delayed-frames.ts";

/** How often delayed frames are checked: less than a tick at 30 per second. */
const RELEASE_EVERY_MS = 20;

export class ReleaseTimer {
  readonly #frames = new Set<DelayedFrames>();
  #timer: NodeJS.Timeout | undefined;

  add(frames: DelayedFrames): void {
    this.#frames.add(frames);
    this.#timer ??= setInterval(() => this.#release(), RELEASE_EVERY_MS).unref();
  }

  remove(frames: DelayedFrames): void {
    this.#frames.delete(frames);
    if (this.#frames.size === 0) this.stop();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #release(): void {
    const now = performance.now();
    for (const frames of this.#frames) frames.release(now);
  }
}
