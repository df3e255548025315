// Every ticket in the system and the one rule that matters: a ticket is in the queue, or being placed, or gone. It is
// never in two of them, so it never gets two matches.
import type { Logger } from "@muster/log";
import type { Mode } from "@muster/modes";
import { Queue, type QueueRules, type WaitingTicket } from "./queue.ts";

export type Refusal = "unknown_mode" | "queue_full";

export interface TicketsOptions {
  readonly modes: Readonly<Record<string, Mode>>;
  readonly rules: Omit<QueueRules, "seats" | "botsAfterMs">;
  /** Per mode. */
  readonly queueMax: number;
  readonly log: Logger;
}

export class Tickets {
  readonly #options: TicketsOptions;
  readonly #queues: ReadonlyMap<string, Queue>;
  /** Waiting and placed ones. */
  readonly #byId = new Map<string, WaitingTicket>();
  readonly #byPlayer = new Map<string, WaitingTicket>();

  constructor(options: TicketsOptions) {
    this.#options = options;
    this.#queues = new Map(
      Object.entries(options.modes).map(([name, { seats, bots }]) => [
        name,
        new Queue({ ...options.rules, seats, botsAfterMs: bots && bots.afterS * 1000 }),
      ]),
    );
  }

  waiting(mode: string): number {
    return this.#queues.get(mode)?.size ?? 0;
  }

  /** @returns why not; and the ticket of the same player that had to leave for this one. The same ticket again changes nothing. */
  add(ticket: WaitingTicket): { refused?: Refusal; replaced?: WaitingTicket } {
    if (this.#byId.has(ticket.ticketId)) return {};
    const queue = this.#queues.get(ticket.mode);
    if (!queue) return { refused: "unknown_mode" };
    const older = this.#byPlayer.get(ticket.playerId);
    if (queue.size >= this.#options.queueMax) return { refused: "queue_full" };
    if (older) this.remove(older.ticketId);
    this.#byId.set(ticket.ticketId, ticket);
    this.#byPlayer.set(ticket.playerId, ticket);
    queue.add(ticket);
    return older ? { replaced: older } : {};
  }

  /** From the queue, or from a placement under way, which then fails. */
  remove(ticketId: string): void {
    const ticket = this.#byId.get(ticketId);
    if (!ticket) return;
    this.#byId.delete(ticketId);
    if (this.#byPlayer.get(ticket.playerId) === ticket) this.#byPlayer.delete(ticket.playerId);
    this.#queues.get(ticket.mode)?.remove(ticketId);
  }

  removeOfGateway(gatewayId: string): void {
    for (const ticket of this.#byId.values()) if (ticket.gatewayId === gatewayId) this.remove(ticket.ticketId);
  }

  /** Groups, out of the queue and now being placed. */
  takeGroups(now: number, groupsMax = Infinity, mayGoOn: () => boolean = () => true): WaitingTicket[][] {
    const groups: WaitingTicket[][] = [];
    const unfinished = [...this.#queues.values()].filter((queue) => queue.midPass);
    for (const queue of unfinished.length > 0 ? unfinished : this.#queues.values())
      groups.push(...queue.group(now, groupsMax - groups.length, mayGoOn));
    return groups;
  }

  /** A pass over some queue has stopped before its end: the next call of takeGroups goes on with it. */
  get midPass(): boolean {
    return [...this.#queues.values()].some((queue) => queue.midPass);
  }

  /** Still wanted: not cancelled since it was taken. */
  has(ticket: WaitingTicket): boolean {
    return this.#byId.get(ticket.ticketId) === ticket;
  }

  /** A placement failed: those still wanted wait on, with the wait that they have. */
  putBack(group: readonly WaitingTicket[]): void {
    for (const ticket of group) if (this.has(ticket)) this.#queues.get(ticket.mode)?.add(ticket);
  }
}
