// On the hot path, once per slice of matches and tick: design/realtime/performance.md.
//
// One scheduler for all matches of the process. Ticks have absolute deadlines: a late tick does not delay the next one. Many
// matches are spread over PHASES of the tick interval, so that their ticks are several short pieces of work and not one long
// one that delays everybody. Few matches share one phase, because each phase is a wake-up.

export interface Ticking {
  /** Ticks a second. */
  readonly tickRate: number;
  tick(): void;
}

export interface SchedulerMetrics {
  /** How long after their deadline matches began: called once for SLICE of them, or fewer. */
  lateMs(ms: number): void;
  /** Ticks that were given up because the process could not keep up. */
  skipped(ticks: number): void;
}

export interface Clock {
  /** Milliseconds, monotonic. */
  now(): number;
  /** Calls once, after about that long. */
  after(ms: number, fn: () => void): { cancel(): void };
}

/** Where they begin, as parts of the interval, in the order in which they are filled: two are half a tick apart. */
const PHASES = [0, 1 / 2, 1 / 4, 3 / 4];
/** A new phase is begun only when one has this many matches: less than half a millisecond of duels. */
const PHASE_FILLS_AT = 100;
/** Matches whose memory is fetched at once. */
const SLICE = 150;
/** A late match runs at most this many ticks in a row; any remaining delay stays. */
const CATCH_UP_TICKS_MAX = 3;

export class Scheduler<T extends Ticking> {
  readonly #clock: Clock;
  readonly #metrics: SchedulerMetrics;
  readonly #rates = new Map<number, Phase<T>[]>();
  readonly #phaseOf = new Map<T, Phase<T>>();
  /** Of the phase that runs: who is next. */
  readonly #slice: T[] = [];
  readonly #prefetch: (slice: readonly T[]) => void;
  #timer: { cancel(): void } | undefined;
  readonly #run = (): void => this.#runDue();

  /** `prefetch` is called with those that tick next, before the first of them does. */
  constructor(clock: Clock, metrics: SchedulerMetrics, prefetch: (slice: readonly T[]) => void) {
    this.#prefetch = prefetch;
    this.#clock = clock;
    this.#metrics = metrics;
  }

  /** The first tick comes within one tick interval. */
  add(ticking: T): void {
    const phases = this.#phasesFor(ticking.tickRate);
    const phase =
      phases.find(({ members }) => members.size < PHASE_FILLS_AT) ??
      phases.reduce((a, b) => (b.members.size < a.members.size ? b : a));
    if (phase.members.size === 0) phase.wake(this.#clock.now());
    phase.members.add(ticking);
    this.#phaseOf.set(ticking, phase);
    this.#arm();
  }

  remove(ticking: T): void {
    this.#phaseOf.get(ticking)?.members.delete(ticking);
    this.#phaseOf.delete(ticking);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#phaseOf.clear();
    this.#rates.clear();
  }

  #phasesFor(tickRate: number): Phase<T>[] {
    let phases = this.#rates.get(tickRate);
    if (!phases) {
      const origin = this.#clock.now();
      phases = PHASES.map((part) => new Phase<T>(1000 / tickRate, origin, part));
      this.#rates.set(tickRate, phases);
    }
    return phases;
  }

  #runDue(): void {
    for (const phases of this.#rates.values()) {
      for (const phase of phases) if (phase.members.size > 0) this.#runPhase(phase);
    }
    this.#arm();
  }

  #runPhase(phase: Phase<T>): void {
    const { deadline } = phase;
    const now = this.#clock.now();
    if (now < deadline) return;
    const due = phase.take(now);
    if (due > CATCH_UP_TICKS_MAX) this.#metrics.skipped((due - CATCH_UP_TICKS_MAX) * phase.members.size);
    const ticks = Math.min(due, CATCH_UP_TICKS_MAX);
    for (const member of phase.members) if (this.#slice.push(member) === SLICE) this.#runSlice(deadline, ticks);
    if (this.#slice.length > 0) this.#runSlice(deadline, ticks);
  }

  /** So many at once that what they touch fits the processor's second-level cache. */
  #runSlice(deadline: number, ticks: number): void {
    const slice = this.#slice;
    this.#metrics.lateMs(this.#clock.now() - deadline);
    this.#prefetch(slice);
    for (let i = 0; i < ticks; i++) for (const member of slice) member.tick(); // which may remove it
    slice.length = 0;
  }

  #arm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    let next = Infinity;
    for (const phases of this.#rates.values()) {
      for (const phase of phases) if (phase.members.size > 0 && phase.deadline < next) next = phase.deadline;
    }
    if (next !== Infinity) this.#timer = this.#clock.after(Math.max(0, next - this.#clock.now()), this.#run);
  }
}

class Phase<T> {
  readonly members = new Set<T>();
  readonly #periodMs: number;
  readonly #origin: number;
  /** Number of the next tick since the origin. */
  #next = 0;

  constructor(periodMs: number, origin: number, part: number) {
    this.#periodMs = periodMs;
    this.#origin = origin + part * periodMs;
  }

  get deadline(): number {
    return this.#origin + this.#next * this.#periodMs;
  }

  /** After a time without members: the next deadline is the first one that is still to come. */
  wake(now: number): void {
    this.#next = Math.max(0, Math.floor((now - this.#origin) / this.#periodMs) + 1);
  }

  /** How many deadlines have passed; moves on to the next one. */
  take(now: number): number {
    // Called at or after the deadline: rounding must not say that none has passed, or we would spin.
    const upTo = Math.max(this.#next, Math.floor((now - this.#origin) / this.#periodMs));
    const due = upTo - this.#next + 1;
    this.#next = upTo + 1;
    return due;
  }
}
