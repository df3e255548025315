import type { Component } from "@muster/runtime";
import type { Connection } from "./connection.ts";
import type { AdmissionRefusal } from "../metrics.ts";
import type { ControlBudgets } from "./control-limits.ts";
import { UnauthenticatedSockets, type UnauthenticatedLimits } from "./unauthenticated-sockets.ts";

/** Every socket is swept at this interval, some at a time, so that nothing waits for all of them. */
const SWEEP_EVERY_MS = 500;
const SLICES = 5;
const CLOSE_WITHIN_MS = 1500;

export interface ConnectionsOptions {
  readonly max: number;
  /** From one address, authenticated or not. */
  readonly perAddressMax: number;
  readonly unauthenticated: UnauthenticatedLimits;
  readonly reconnectSpreadMs: number;
  readonly budgets: ControlBudgets;
}

/** Every socket of this gateway, and at most one per player. */
export class Connections implements Component {
  readonly name = "connections";
  readonly #slices = Array.from({ length: SLICES }, () => new Set<Connection>());
  #size = 0;
  #nextSlice = 0;
  readonly #byPlayer = new Map<string, Connection>();
  readonly #byAddress = new Map<string, number>();
  readonly #options: ConnectionsOptions;
  readonly #unauthenticated: UnauthenticatedSockets;
  #timer: NodeJS.Timeout | undefined;
  #onEmpty: (() => void) | undefined;
  #stopping = false;
  #drainOrdered = false;
  #drainTimer: NodeJS.Timeout | undefined;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    this.#unauthenticated = new UnauthenticatedSockets(options.unauthenticated);
  }

  get size(): number {
    return this.#size;
  }

  get authenticated(): number {
    return this.#byPlayer.size;
  }

  /** By an operator. */
  get draining(): boolean {
    return this.#drainOrdered;
  }

  get max(): number {
    return this.#options.max;
  }

  get bufferedBytes(): number {
    let bytes = 0;
    for (const { outbound } of this.#all()) bytes += outbound.bufferedBytes;
    return bytes;
  }

  get stale(): number {
    let count = 0;
    for (const { outbound } of this.#all()) if (outbound.stale) count++;
    return count;
  }

  get unauthenticated(): number {
    return this.#unauthenticated.size;
  }

  /** Why one more socket from there is not welcome. */
  refusal(address: string): AdmissionRefusal | undefined {
    if (this.leaving) return "stopping";
    if (this.#size >= this.#options.max) return "full";
    if ((this.#byAddress.get(address) ?? 0) >= this.#options.perAddressMax) return "address full";
    return this.#unauthenticated.refusal(address);
  }

  add(connection: Connection): void {
    (this.#slices[this.#nextSlice] as Set<Connection>).add(connection);
    this.#nextSlice = (this.#nextSlice + 1) % SLICES;
    this.#size++;
    this.#byAddress.set(connection.address, (this.#byAddress.get(connection.address) ?? 0) + 1);
    this.#unauthenticated.add(connection.address);
    // Its upgrade was under way when the others were told: left alone it would hang on a gateway without links.
    if (!this.leaving) return;
    connection.goingAway(0);
    connection.close("goingAway");
  }

  /** By an operator: clients go to other gateways, as when this one stops; but it stays, and may be told to accept sockets again. */
  orderDrain(on: boolean): void {
    if (this.#stopping || this.#drainOrdered === on) return;
    this.#drainOrdered = on;
    clearTimeout(this.#drainTimer);
    if (!on) return;
    for (const connection of this.#all()) connection.goingAway(this.#options.reconnectSpreadMs);
    this.#drainTimer = setTimeout(() => {
      for (const connection of this.#all()) connection.close("goingAway");
    }, this.#options.reconnectSpreadMs);
  }

  /** The newer socket of a player wins. */
  identify(connection: Connection, playerId: string): void {
    const older = this.#byPlayer.get(playerId);
    this.#byPlayer.set(playerId, connection);
    this.#unauthenticated.remove(connection.address);
    if (older && older !== connection) older.close("replaced");
  }

  remove(connection: Connection): void {
    const { playerId, address } = connection;
    if (this.#slices.some((slice) => slice.delete(connection))) {
      this.#size--;
      const left = (this.#byAddress.get(address) ?? 1) - 1;
      if (left > 0) this.#byAddress.set(address, left);
      else this.#byAddress.delete(address);
    }
    if (playerId === undefined) this.#unauthenticated.remove(address);
    else if (this.#byPlayer.get(playerId) === connection) this.#byPlayer.delete(playerId);
    if (this.#size === 0) this.#onEmpty?.();
  }

  async start(): Promise<void> {
    const before = this.#slices.map(() => performance.now());
    let next = 0;
    this.#timer = setInterval(() => {
      const now = performance.now();
      const seconds = (now - (before[next] as number)) / 1000;
      before[next] = now;
      for (const connection of this.#slices[next] as Set<Connection>) connection.sweep(now, seconds);
      next = (next + 1) % SLICES;
      if (next === 0) this.#options.budgets.sweep(now);
    }, SWEEP_EVERY_MS / SLICES);
  }

  /**
   * Every client is told to go, and served on while it does: a player can take the seat at another gateway before it
   * leaves this one. Who is still here when the time is over is closed, and who does not close is cut.
   */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#drainTimer);
    for (const connection of this.#all()) connection.goingAway(this.#options.reconnectSpreadMs);
    await this.#emptied(this.#options.reconnectSpreadMs);
    for (const connection of this.#all()) connection.close("goingAway");
    await this.#emptied(CLOSE_WITHIN_MS);
    clearInterval(this.#timer);
    for (const connection of this.#all()) connection.outbound.terminate();
  }

  /** It accepts no more sockets. */
  get leaving(): boolean {
    return this.#stopping || this.#drainOrdered;
  }

  *#all(): Generator<Connection> {
    for (const slice of this.#slices) yield* slice;
  }

  async #emptied(withinMs: number): Promise<void> {
    if (this.#size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, withinMs);
    this.#onEmpty = resolve;
    await promise;
    clearTimeout(timer);
  }
}
