import { type EventLoopUtilization, performance } from "node:perf_hooks";
import type { Component } from "../components.ts";
import type { Criticality } from "../criticality.ts";

/** What is refused when the event loop is so many times later than the configured limit. Critical-plus is not: see its definition. */
const TIMES_LATE: Readonly<Record<Criticality, number>> = {
  sheddable: 1,
  "sheddable-plus": 2,
  critical: 4,
  "critical-plus": Infinity,
};
const LOOK_EVERY_MS = 100;
/** Of the limit, so many times: as late as one turn counts before it is over. */
const ONE_TURN = 3;
/** A process that was stopped for a minute is not late for another one. */
const LATE_MS_MAX = 5000;
/** Late, and less busy than this: the whole process was stopped, and no work of its own is too much. */
const BUSY = 0.9;

export interface LoopClock {
  readonly now: () => number;
  /** Since the last look, 0 to 1. */
  readonly utilization: () => number;
}

/** Looks how late timers run: the time that everything in this process waits for its turn, also what no queue of ours can see. */
export class LoopGuard implements Component {
  readonly name = "event loop guard";
  readonly #lateMsMax: number;
  readonly #clock: LoopClock;
  #lateMs = 0;
  #dueAt = Infinity;
  #timer: NodeJS.Timeout | undefined;

  constructor(lateMsMax: number, clock: LoopClock = realClock()) {
    this.#lateMsMax = lateMsMax;
    this.#clock = clock;
  }

  async start(): Promise<void> {
    this.#dueAt = this.#clock.now() + LOOK_EVERY_MS;
    this.#timer = setInterval(() => this.look(), LOOK_EVERY_MS).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
  }

  /** How late the loop has been lately, milliseconds. */
  get lateMs(): number {
    return this.#lateMs;
  }

  refuses(criticality: Criticality): boolean {
    return this.#lateNowMs() >= this.#lateMsMax * TIMES_LATE[criticality];
  }

  /**
   * In a turn that takes long, what comes later in it is refused already: calls that only compute are read and served one by one, all within one
   * turn. One long turn alone refuses nothing critical, since it may have been something else.
   */
  #lateNowMs(): number {
    const late = Math.min(this.#clock.now() - this.#dueAt, ONE_TURN * this.#lateMsMax);
    return late > this.#lateMs ? (this.#lateMs + late) / 2 : this.#lateMs;
  }

  /** Once every LOOK_EVERY_MS, or later. */
  look(): void {
    const now = this.#clock.now();
    const late = this.#clock.utilization() < BUSY ? 0 : Math.min(LATE_MS_MAX, Math.max(0, now - this.#dueAt));
    this.#lateMs = (this.#lateMs + late) / 2;
    this.#dueAt = now + LOOK_EVERY_MS;
  }
}

function realClock(): LoopClock {
  let before: EventLoopUtilization = performance.eventLoopUtilization();
  return {
    now: () => performance.now(),
    utilization: () => {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, before);
      before = now;
      return utilization;
    },
  };
}
