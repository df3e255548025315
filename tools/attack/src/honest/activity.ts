// What honest players do during an attack, measured from their side.
import { sleep } from "@muster/runtime";
import { percentile } from "@muster/testkit/numbers";

export const HONEST_ACTIVITIES = ["rest", "log-in", "match", "pairing", "chat"] as const;
export type HonestActivity = (typeof HONEST_ACTIVITIES)[number];

/** Since the window began. */
export interface Observation {
  /** Steps that should have worked. */
  readonly expected: number;
  readonly worked: number;
  /** The longest step, milliseconds: of a match, the longest time without a frame. */
  readonly worstMs: number;
  readonly p99Ms: number;
}

export interface Activity {
  /** Begins a window. */
  begin(): void;
  /** Of the window so far, steps that are under way included: it waits for them. */
  observe(): Promise<Observation>;
  stop(): Promise<void>;
}

/** Counts steps and their times over one window. */
export class Steps {
  /** How long each took, or undefined when it did not work. */
  #steps: Promise<number | undefined>[] = [];

  begin(): void {
    this.#steps = [];
  }

  /** Times one step; a failed one counts as expected and not as worked. */
  async time(step: () => Promise<unknown>): Promise<void> {
    const at = performance.now();
    await this.timed(() => step().then(() => performance.now() - at));
  }

  /** One that says itself how many milliseconds of it count. */
  async timed(step: () => Promise<number>): Promise<void> {
    const done = step().catch(() => undefined); // the share says it
    this.#steps.push(done);
    await done;
  }

  /** Begins one every so often, whether or not those before it are done. */
  async every(everyMs: number, stop: AbortSignal, step: (number: number) => Promise<unknown>): Promise<void> {
    const running: Promise<void>[] = [];
    for (let number = 0; !stop.aborted; number++) {
      running.push(this.time(() => step(number)));
      await sleep(everyMs, stop);
    }
    await Promise.all(running);
  }

  /** Of the steps that have begun by now; those that begin while it waits for these are the next window's. */
  async observe(): Promise<Observation> {
    const times = await Promise.all(this.#steps);
    const sorted = times.filter((time) => time !== undefined).toSorted((a, b) => a - b);
    return {
      expected: times.length,
      worked: sorted.length,
      worstMs: sorted.at(-1) ?? 0,
      p99Ms: percentile(sorted, 0.99) ?? 0,
    };
  }
}
