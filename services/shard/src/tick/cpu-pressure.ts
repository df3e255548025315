// Whether this process has CPU time for further matches. It tells the matchmaker, which gives it none until that is so again.
import type { Component } from "@muster/runtime";

/** What begins half of a tick late, at 30 a second, is seen by players. */
const LATE_MS = 16;
const WINDOW_MS = 1000;
/** Consecutive windows above a limit: one long pause by itself changes nothing. */
const BUSY_WINDOWS = 3;
/** Consecutive windows well below both limits; more than those above, so that it does not swing to and fro. */
const CALM_WINDOWS = 5;
/** Well below the limit of the event loop, as a share of it; of late ticks a quarter of the limit. */
const CALM_BUSY = 0.85;
const CALM_LATE = 0.25;
/** With fewer beginnings in a window their share says nothing. */
const BEGINNINGS_MIN = 20;

export interface CpuPressureOptions {
  /** Of the event loop's time, 0 to 1: above it, it is too busy. 1: never. */
  readonly busyShareMax: number;
  /** Of the ticks of a window, those that begin late, 0 to 1. 1: never. */
  readonly lateShareMax: number;
  readonly onChange: (overloaded: boolean, shares: { readonly busyShare: number; readonly lateShare: number }) => void;
}

export class CpuPressure implements Component {
  readonly name = "cpu pressure";
  overloaded = false;
  readonly #options: CpuPressureOptions;
  #began = 0;
  #late = 0;
  #windows = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: CpuPressureOptions) {
    this.#options = options;
  }

  /** Reports how long after its deadline the tick of some matches began. */
  began(lateMs: number): void {
    this.#began++;
    if (lateMs > LATE_MS) this.#late++;
  }

  /** A window is over, in which the event loop was busy for this share of the time. */
  window(busyShare: number): void {
    const { busyShareMax, lateShareMax, onChange } = this.#options;
    const lateShare = this.#began < BEGINNINGS_MIN ? 0 : this.#late / this.#began;
    this.#began = this.#late = 0;
    const counts = this.overloaded
      ? busyShare <= busyShareMax * CALM_BUSY && lateShare <= lateShareMax * CALM_LATE
      : busyShare > busyShareMax || lateShare > lateShareMax;
    this.#windows = counts ? this.#windows + 1 : 0;
    if (this.#windows < (this.overloaded ? CALM_WINDOWS : BUSY_WINDOWS)) return;
    this.#windows = 0;
    this.overloaded = !this.overloaded;
    onChange(this.overloaded, { busyShare, lateShare });
  }

  async start(): Promise<void> {
    let before = performance.eventLoopUtilization();
    this.#timer = setInterval(() => {
      const now = performance.eventLoopUtilization();
      this.window(performance.eventLoopUtilization(now, before).utilization);
      before = now;
    }, WINDOW_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
  }
}
