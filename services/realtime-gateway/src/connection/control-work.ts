// Bounds the time spent on control messages in each turn of the event loop; the rest waits for the next turn. So control
// messages delay inputs and ticks only for that long, however many players send them at once.

export interface ControlWorker {
  /** Its turn has come. `frame` is valid during the call only. */
  onControl(frame: Uint8Array): void;
}

export interface ControlWorkTimes {
  /** Milliseconds, monotonic. */
  now(): number;
  /** Runs a function in the next turn of the event loop. */
  nextTurn(then: () => void): void;
}

export interface ControlWorkLimits {
  /** Of a turn. One message more may begin within it. */
  readonly turnMs: number;
  /** Messages that wait. At the limit: refused. */
  readonly waitingMax: number;
}

export const CONTROL_WORK: ControlWorkLimits = { turnMs: 2, waitingMax: 4096 };

interface Waiting {
  readonly worker: ControlWorker;
  readonly frame: Uint8Array;
}

export class ControlWork {
  readonly #times: ControlWorkTimes;
  readonly #limits: ControlWorkLimits;
  #waiting: Waiting[] = [];
  /** Of `#waiting`: the first that is left. */
  #next = 0;
  #spentMs = 0;
  #scheduled = false;
  readonly #onTurn = (): void => this.#turn();

  constructor(times: ControlWorkTimes, limits: ControlWorkLimits = CONTROL_WORK) {
    this.#times = times;
    this.#limits = limits;
  }

  get waiting(): number {
    return this.#waiting.length - this.#next;
  }

  /** At once, or behind what waits, in order. @returns false: too many wait, it was not taken */
  take(worker: ControlWorker, frame: Uint8Array): boolean {
    if (this.waiting === 0 && this.#spentMs < this.#limits.turnMs) {
      this.#work(worker, frame);
    } else {
      if (this.waiting >= this.#limits.waitingMax) return false;
      this.#waiting.push({ worker, frame: frame.slice() });
    }
    this.#schedule();
    return true;
  }

  #turn(): void {
    this.#scheduled = false;
    this.#spentMs = 0;
    while (this.waiting > 0 && this.#spentMs < this.#limits.turnMs) {
      const { worker, frame } = this.#waiting[this.#next++] as Waiting;
      this.#work(worker, frame);
    }
    this.#waiting.splice(0, this.#next);
    this.#next = 0;
    // What was spent now is missing until the next time.
    if (this.#spentMs > 0) this.#schedule();
  }

  #work(worker: ControlWorker, frame: Uint8Array): void {
    const from = this.#times.now();
    worker.onControl(frame);
    this.#spentMs += this.#times.now() - from;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#times.nextTurn(this.#onTurn);
  }
}
