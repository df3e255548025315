// Runs an author's posts one after the other before they reach the database, so that a flooding author uses one connection
// and waits for one row lock, not for all of them. An author who was just refused is refused again from memory until the wait
// is over. Other instances can only have extended that wait, never shortened it.
import { KeyQueues } from "./key-queues.ts";

/** Of those who are refused: beyond it the oldest are asked of the database again. */
const REFUSED_MAX = 10_000;

export class Authors {
  readonly #waitingMax: number;
  readonly #nowMs: () => number;
  readonly #queues = new KeyQueues();
  readonly #refusedUntilMs = new Map<string, number>();

  /** `waitingMax`: posts of one author that may be here at once; what is more is refused. */
  constructor(waitingMax: number, nowMs: () => number) {
    this.#waitingMax = waitingMax;
    this.#nowMs = nowMs;
  }

  /** How long the author has to wait; 0 when the database may be asked. */
  retryAfterMs(playerId: string): number {
    const until = this.#refusedUntilMs.get(playerId);
    if (until === undefined) return 0;
    const leftMs = until - this.#nowMs();
    if (leftMs <= 0) this.#refusedUntilMs.delete(playerId);
    return Math.max(0, leftMs);
  }

  /** As many posts of the author are here as may be. */
  isFull(playerId: string): boolean {
    return this.#queues.waiting(playerId) >= this.#waitingMax;
  }

  refused(playerId: string, retryAfterMs: number): void {
    this.#refusedUntilMs.delete(playerId);
    this.#refusedUntilMs.set(playerId, this.#nowMs() + retryAfterMs);
    if (this.#refusedUntilMs.size <= REFUSED_MAX) return;
    for (const oldest of this.#refusedUntilMs.keys()) return void this.#refusedUntilMs.delete(oldest);
  }

  /** Runs `work` after what this author has asked for before. */
  run<T>(playerId: string, work: () => Promise<T>): Promise<T> {
    return this.#queues.run(playerId, work);
  }
}
