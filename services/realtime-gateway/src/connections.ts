import type { AppPart } from "@muster/runtime";
import type { Connection } from "./connection.ts";
import type { ControlBudgets } from "./control-limits.ts";
import { Strangers, type StrangersLimits } from "./strangers.ts";

const SWEEP_EVERY_MS = 1000;
const CLOSE_WITHIN_MS = 1500;

export interface ConnectionsOptions {
  readonly max: number;
  readonly strangers: StrangersLimits;
  readonly reconnectSpreadMs: number;
  readonly budgets: ControlBudgets;
}

export type AdmissionRefusal = "stopping" | "full" | "strangers" | "address";

/** Every socket of this gateway, and at most one per player. */
export class Connections implements AppPart {
  readonly name = "connections";
  readonly #all = new Set<Connection>();
  readonly #byPlayer = new Map<string, Connection>();
  readonly #options: ConnectionsOptions;
  readonly #strangers: Strangers;
  #timer: NodeJS.Timeout | undefined;
  #onEmpty: (() => void) | undefined;
  #stopping = false;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    this.#strangers = new Strangers(options.strangers);
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

  get strangers(): number {
    return this.#strangers.size;
  }

  /** Why one more socket from there is not welcome. */
  refusal(address: string): AdmissionRefusal | undefined {
    if (this.#stopping) return "stopping";
    return this.#all.size >= this.#options.max ? "full" : this.#strangers.refusal(address);
  }

  add(connection: Connection): void {
    this.#all.add(connection);
    this.#strangers.add(connection.address);
    // Its upgrade was under way when the others were told: left alone it would hang on a gateway without links.
    if (!this.#stopping) return;
    connection.goingAway(0);
    connection.close("goingAway");
  }

  /** The newer socket of a player wins. */
  identify(connection: Connection, playerId: string): void {
    const older = this.#byPlayer.get(playerId);
    this.#byPlayer.set(playerId, connection);
    this.#strangers.remove(connection.address);
    if (older && older !== connection) older.close("replaced");
  }

  remove(connection: Connection): void {
    this.#all.delete(connection);
    const { playerId } = connection;
    if (playerId === undefined) this.#strangers.remove(connection.address);
    else if (this.#byPlayer.get(playerId) === connection) this.#byPlayer.delete(playerId);
    if (this.#all.size === 0) this.#onEmpty?.();
  }

  async start(): Promise<void> {
    let before = performance.now();
    this.#timer = setInterval(() => {
      const now = performance.now();
      const seconds = (now - before) / 1000;
      before = now;
      for (const connection of this.#all) connection.sweep(now, seconds);
      this.#options.budgets.sweep(now);
    }, SWEEP_EVERY_MS);
  }

  /**
   * Every client is told to go, and served on while it does: a player can take the seat at another gateway before it
   * leaves this one. Who is still here when the time is over is closed, and who does not close is cut.
   */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const connection of this.#all) connection.goingAway(this.#options.reconnectSpreadMs);
    await this.#emptied(this.#options.reconnectSpreadMs);
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
