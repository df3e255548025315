// Every ticket in the system, and the rule that matters most: a ticket is either in the queue, or being placed, or gone. It
// is never in two of these states, so it never gets two matches.
import { must } from "@muster/errors";
import type { Logger } from "@muster/log";
import type { Mode } from "@muster/modes";
import { Queue, type QueueRules } from "./queue.ts";
import type { WaitingTicket } from "./waiting-ticket.ts";

export type Refusal = "unknown_mode" | "queue_full";

export interface TicketsOptions {
  readonly modes: Readonly<Record<string, Mode>>;
  readonly rules: Omit<QueueRules, "seats" | "botsAfterMs">;
  /** Per mode. */
  readonly queueMax: number;
  readonly log: Logger;
}

/** A ticket, and where it waits. */
interface Entry {
  readonly ticket: WaitingTicket;
  /** Its number in the order of arrival. */
  readonly arrival: number;
  queue: Queue;
  /** In the queue; of one that is being placed it says nothing. */
  slot: number;
}

/** For operators: a ticket with its number in the order of arrival, from 1. */
export interface QueuedTicket {
  readonly ticket: WaitingTicket;
  readonly arrival: number;
}

export class Tickets {
  readonly #options: TicketsOptions;
  readonly #queues: ReadonlyMap<string, Queue>;
  /** By mode: for players who did not come to a match, and are paired among themselves for a while. */
  readonly #apartQueues: ReadonlyMap<string, Queue>;
  /** Those of these, in the order in which they came. */
  readonly #apart = new Set<Entry>();
  /** What the pass has not been through yet. */
  #pass: Queue[] = [];
  /** Waiting and placed ones. */
  readonly #byId = new Map<string, Entry>();
  readonly #byPlayer = new Map<string, WaitingTicket>();
  #arrivals = 1;

  constructor(options: TicketsOptions) {
    this.#options = options;
    const queues = (): ReadonlyMap<string, Queue> =>
      new Map(
        Object.entries(options.modes).map(([name, { seats, bots }]) => [
          name,
          new Queue({ ...options.rules, seats, botsAfterMs: bots && bots.afterS * 1000 }),
        ]),
      );
    this.#queues = queues();
    this.#apartQueues = queues();
  }

  waiting(mode: string): number {
    return (this.#queues.get(mode)?.size ?? 0) + (this.#apartQueues.get(mode)?.size ?? 0);
  }

  /** Waiting, or being placed. */
  ofPlayer(playerId: string): WaitingTicket | undefined {
    return this.#byPlayer.get(playerId);
  }

  knows(ticketId: string): boolean {
    return this.#byId.has(ticketId);
  }

  byId(ticketId: string): WaitingTicket | undefined {
    return this.#byId.get(ticketId)?.ticket;
  }

  /** @returns why not; and the ticket of the same player that had to leave for this one. The same ticket again changes nothing. */
  add(ticket: WaitingTicket): { refused?: Refusal; replaced?: WaitingTicket } {
    if (this.#byId.has(ticket.ticketId)) return {};
    const apart = ticket.apartUntil !== undefined;
    const queue = (apart ? this.#apartQueues : this.#queues).get(ticket.mode);
    if (!queue) return { refused: "unknown_mode" };
    const older = this.#byPlayer.get(ticket.playerId);
    if (this.waiting(ticket.mode) >= this.#options.queueMax) return { refused: "queue_full" };
    if (older) this.remove(older.ticketId);
    const arrival = this.#arrivals++;
    const entry: Entry = { ticket, arrival, queue, slot: queue.add(ticket, arrival) };
    this.#byId.set(ticket.ticketId, entry);
    this.#byPlayer.set(ticket.playerId, ticket);
    if (apart) this.#apart.add(entry);
    return older ? { replaced: older } : {};
  }

  /** Of a mode, in the order of arrival, with those that are being placed. */
  page(mode: string, afterArrival: number, limit: number): QueuedTicket[] {
    const found: QueuedTicket[] = [];
    // Tickets are kept in the order in which they came.
    for (const { ticket, arrival } of this.#byId.values()) {
      if (arrival > afterArrival && ticket.mode === mode) found.push({ ticket, arrival });
      if (found.length >= limit) break;
    }
    return found;
  }

  /** How long each ticket has waited, in milliseconds. */
  waitsByMode(now: number): Map<string, number[]> {
    const waits = new Map<string, number[]>();
    for (const { ticket } of this.#byId.values()) {
      const known = waits.get(ticket.mode);
      const waitedMs = Math.max(0, now - ticket.since);
      if (known) known.push(waitedMs);
      else waits.set(ticket.mode, [waitedMs]);
    }
    return waits;
  }

  countByGateway(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { ticket } of this.#byId.values()) counts.set(ticket.gatewayId, (counts.get(ticket.gatewayId) ?? 0) + 1);
    return counts;
  }

  /** From the queue, or from a placement under way, which then fails. */
  remove(ticketId: string): void {
    const entry = this.#byId.get(ticketId);
    if (!entry) return;
    const { ticket, queue, slot } = entry;
    this.#byId.delete(ticketId);
    if (this.#byPlayer.get(ticket.playerId) === ticket) this.#byPlayer.delete(ticket.playerId);
    queue.remove(ticket, slot);
    this.#apart.delete(entry);
  }

  removeOfGateway(gatewayId: string): void {
    for (const { ticket } of this.#byId.values()) if (ticket.gatewayId === gatewayId) this.remove(ticket.ticketId);
  }

  /** Groups, out of the queue and now being placed; none of the modes that `isPaused` names. A pass goes through the queue of every mode before it comes to one of them again. */
  takeGroups(
    now: number,
    groupsMax = Infinity,
    mayGoOn: () => boolean = () => true,
    isPaused: (mode: string) => boolean = () => false,
  ): WaitingTicket[][] {
    const groups: WaitingTicket[][] = [];
    if (this.#pass.length === 0)
      this.#pass = [...this.#queues, ...this.#apartQueues].flatMap(([mode, queue]) => (isPaused(mode) ? [] : [queue]));
    if (!this.#endApart(now, mayGoOn)) return groups;
    for (let queue = this.#pass[0]; queue && groups.length < groupsMax; queue = this.#pass[0]) {
      groups.push(...queue.group(now, groupsMax - groups.length, mayGoOn));
      if (queue.midPass) break;
      this.#pass.shift();
      if (!mayGoOn()) break;
    }
    return groups;
  }

  /** A pass has stopped before its end: the next call of takeGroups goes on with it. */
  get midPass(): boolean {
    return this.#pass.length > 0;
  }

  /** Still wanted: not cancelled since it was taken. */
  has(ticket: WaitingTicket): boolean {
    return this.#byId.get(ticket.ticketId)?.ticket === ticket;
  }

  /** A placement failed: tickets that were not cancelled go back to the queue, with the waiting time that they have. */
  putBack(group: readonly WaitingTicket[]): void {
    for (const ticket of group) {
      const entry = this.#byId.get(ticket.ticketId);
      if (entry?.ticket !== ticket || entry.queue.has(ticket, entry.slot)) continue;
      entry.slot = entry.queue.add(ticket, entry.arrival);
    }
  }

  /** Tickets that have waited apart for long enough are paired with everybody again. @returns false when the time ran out */
  #endApart(now: number, mayGoOn: () => boolean): boolean {
    for (const entry of this.#apart) {
      const { ticket, queue, slot, arrival } = entry;
      if ((ticket.apartUntil ?? 0) > now) return true;
      this.#apart.delete(entry);
      entry.queue = must(this.#queues.get(ticket.mode), "a ticket that waits has a mode");
      if (queue.remove(ticket, slot)) entry.slot = entry.queue.add(ticket, arrival);
      if (!mayGoOn()) return false;
    }
    return true;
  }
}
