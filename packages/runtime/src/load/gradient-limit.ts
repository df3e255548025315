// Decides how many calls may be in flight, from how long the last ones took. No I/O.

export interface GradientLimitOptions {
  /** The limit is never lower, calls. */
  readonly min: number;
  /** The limit is never higher, and begins here, calls. */
  readonly max: number;
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number;
}

/** How much slower than usual calls may get before the limit falls. */
const TOLERANCE = 1.5;
/** Slower by so little is noise, however fast calls usually are. */
const SLACK_MS = 5;
/** In one step, the limit falls to no less than this part of itself. */
const GRADIENT_MIN = 0.5;
/** Of a new limit, so much counts at once; after a step that took as long as several, as much as after them. */
const SMOOTHING = 0.2;
const STEPS_AT_ONCE_MAX = 10;
/** One step: as many calls and as long as this, at least. */
const STEP_CALLS_MIN = 10;
const STEP_MS_MIN = 100;
/** What is usual is an average over so many steps, and over more of them while the process is busy: an overload is not to become usual. */
const STEPS_USUAL = 60;
const STEPS_USUAL_BUSY = 6000;
const STEPS_WARM_UP = 10;
/** Much faster than usual: what was usual was not. */
const FASTER = 2;
const FORGET = 0.95;

interface Usual {
  ms: number;
  steps: number;
}

/**
 * The algorithm is Gradient2 of Netflix's concurrency-limits (Gradient2Limit.java): the limit follows the ratio of how long calls take in the
 * long run to how long they take now, and always leaves room for a short queue, so that it can grow again. Three things differ:
 * - What is usual is kept per kind of call. A service has fast and slow methods, and more of the slow ones are no overload.
 * - The limit begins at its highest: a burst right after a start is served. It falls as soon as more calls are in flight than always may
 *   be, and grows back while fewer are.
 * - A busy process learns more slowly what is usual.
 */
export class GradientLimit {
  readonly #options: GradientLimitOptions;
  /** By kind: methods or routes, of which there are few. */
  readonly #usual = new Map<string, Usual>();
  #limit: number;
  #step: Step;

  constructor(options: GradientLimitOptions) {
    this.#options = options;
    this.#limit = options.max;
    this.#step = new Step(options.now());
  }

  /** Calls, whole. */
  get limit(): number {
    return Math.floor(this.#limit);
  }

  /** How long calls of this kind usually take, milliseconds; undefined while none has been seen. */
  usualMs(kind: string): number | undefined {
    return this.#usual.get(kind)?.ms;
  }

  /** @param inFlight how many there were when it ended, with itself */
  ended(kind: string, tookMs: number, inFlight: number): void {
    this.#step.add(kind, tookMs, inFlight);
    const now = this.#options.now();
    if (this.#step.calls < STEP_CALLS_MIN || now - this.#step.beganAt < STEP_MS_MIN) return;
    const step = this.#step;
    this.#step = new Step(now);
    const busy = step.inFlightMax >= Math.min(this.#limit / 2, this.#options.min);
    const gradient = this.#gradientOf(step);
    for (const [each, { calls, ms }] of step.kinds) this.#learn(each, ms / calls, busy);
    this.#follow(gradient, busy, Math.min(STEPS_AT_ONCE_MAX, (now - step.beganAt) / STEP_MS_MIN));
  }

  #gradientOf({ calls, kinds }: Step): number {
    let tookMs = 0;
    let usualMs = 0;
    for (const [kind, seen] of kinds) {
      tookMs += seen.ms;
      usualMs += seen.calls * (this.usualMs(kind) ?? seen.ms / seen.calls);
    }
    const wanted = TOLERANCE * (usualMs / calls) + SLACK_MS;
    return Math.max(GRADIENT_MIN, Math.min(1, wanted / Math.max(tookMs / calls, Number.EPSILON)));
  }

  #learn(kind: string, ms: number, busy: boolean): void {
    const usual = this.#usual.get(kind);
    if (!usual) return void this.#usual.set(kind, { ms, steps: 1 });
    usual.steps++;
    const seen = busy ? Math.min(ms, usual.ms * TOLERANCE + SLACK_MS) : ms;
    const over = busy ? STEPS_USUAL_BUSY : STEPS_USUAL;
    usual.ms += (seen - usual.ms) / (usual.steps <= STEPS_WARM_UP ? usual.steps : over);
    if (usual.ms > FASTER * ms) usual.ms *= FORGET;
  }

  #follow(gradient: number, busy: boolean, steps: number): void {
    if (!busy && gradient < 1) return; // slow, and not because there are many
    const queue = Math.sqrt(this.#limit);
    const wanted = (busy ? this.#limit * gradient : this.#limit) + queue;
    const next = this.#limit + (1 - (1 - SMOOTHING) ** steps) * (wanted - this.#limit);
    this.#limit = Math.max(this.#options.min, Math.min(this.#options.max, next));
  }
}

class Step {
  readonly beganAt: number;
  readonly kinds = new Map<string, { calls: number; ms: number }>();
  calls = 0;
  inFlightMax = 0;

  constructor(beganAt: number) {
    this.beganAt = beganAt;
  }

  add(kind: string, ms: number, inFlight: number): void {
    this.calls++;
    this.inFlightMax = Math.max(this.inFlightMax, inFlight);
    const seen = this.kinds.get(kind);
    if (!seen) return void this.kinds.set(kind, { calls: 1, ms });
    seen.calls++;
    seen.ms += ms;
  }
}
