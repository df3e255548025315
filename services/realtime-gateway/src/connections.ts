import type { AppPart } from "@muster/runtime";
import type { Connection } from "./connection.ts";
import type { ControlBudgets } from "./control-limits.ts";

const SWEEP_EVERY_MS = 1000;
const CLOSE_WITHIN_MS = 1500;

/** Every socket of this gateway, and at most one per player. */
export class Connections implements AppPart {
  readonly name = "connections";
  readonly #all = new Set<Connection>();
  readonly #byPlayer = new Map<string, Connection>();
  readonly #reconnectSpreadMs: number;
  readonly #budgets: ControlBudgets;
  #timer: NodeJS.Timeout | undefined;
  #onEmpty: (() => void) | undefined;
  #stopping = false;

  constructor(reconnectSpreadMs: number, budgets: ControlBudgets) {
    this.#reconnectSpreadMs = reconnectSpreadMs;
    this.#budgets = budgets;
  }

  get size(): number {
    return this.#all.size;
  }

  get authenticated(): number {
    return this.#byPlayer.size;
  }

  get bufferedBytes(): number {
    let bytes = 0;
    for (const { outbound } of this.#all) bytes += outbound.bufferedBytes;
    return bytes;
  }

  /** Nobody is welcome any more. */
  get stopping(): boolean {
    return this.#stopping;
  }

  add(connection: Connection): void {
    this.#all.add(connection);
    // Its upgrade was under way when the others were told: left alone it would hang on a gateway without links.
    if (!this.#stopping) return;
    connection.goingAway(0);
    connection.close("goingAway");
  }

  /** The newer socket of a player wins. */
  identify(connection: Connection, playerId: string): void {
    const older = this.#byPlayer.get(playerId);
    this.#byPlayer.set(playerId, connection);
    if (older && older !== connection) older.close("replaced");
  }

  remove(connection: Connection): void {
    this.#all.delete(connection);
    const { playerId } = connection;
    if (playerId !== undefined && this.#byPlayer.get(playerId) === connection) this.#byPlayer.delete(playerId);
    if (this.#all.size === 0) this.#onEmpty?.();
  }

  async start(): Promise<void> {
    let before = performance.now();
    this.#timer = setInterval(() => {
      const now = performance.now();
      const seconds = (now - before) / 1000;
      before = now;
      for (const connection of this.#all) connection.sweep(now, seconds);
      this.#budgets.sweep(now);
    }, SWEEP_EVERY_MS);
  }

  /**
   * Every client is told to go, and served on while it does: a player can take the seat at another gateway before it
   * leaves this one. Who is still here when the time is over is closed, and who does not close is cut.
   */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const connection of this.#all) connection.goingAway(this.#reconnectSpreadMs);
    await this.#emptied(this.#reconnectSpreadMs);
    for (const connection of this.#all) connection.close("goingAway");
    await this.#emptied(CLOSE_WITHIN_MS);
    clearInterval(this.#timer);
    for (const connection of this.#all) connection.outbound.terminate();
  }

  async #emptied(withinMs: number): Promise<void> {
    if (this.#all.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, withinMs);
    this.#onEmpty = resolve;
    await promise;
    clearTimeout(timer);
  }
}
