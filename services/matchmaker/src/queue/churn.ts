// Limits how often a player may queue: one token per ticket. The gateways have limits of their own; this one counts over all
// gateways.
import { type Bounded, BoundedMap } from "@muster/runtime";

const TICKETS_MAX = 20;
const TICKET_EVERY_MS = 500;
const PLAYERS_MAX = 50_000;

export class Churn {
  /** By player: when all of its tokens are back. */
  readonly #fullAt = new BoundedMap<string, number>(PLAYERS_MAX);

  /** @returns how long to wait, milliseconds; 0: it was taken */
  take(playerId: string, now: number): number {
    const fullAt = Math.max(now, this.#fullAt.get(playerId) ?? now) + TICKET_EVERY_MS;
    const waitMs = fullAt - now - TICKETS_MAX * TICKET_EVERY_MS;
    if (waitMs > 0) return waitMs;
    this.#fullAt.set(playerId, fullAt);
    return 0;
  }

  get bounded(): Readonly<Record<string, Bounded>> {
    return { churn: this.#fullAt };
  }
}
