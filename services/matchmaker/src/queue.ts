// The queue of one mode: tickets wait, `group` takes out those that fit. No I/O, no clock of its own.

export interface WaitingTicket {
  readonly ticketId: string;
  readonly playerId: string;
  readonly playerName: string;
  readonly gatewayId: string;
  readonly mode: string;
  readonly rating: number;
  /** Empty: near to every region. */
  readonly region: string;
  /** Start of the wait on the matchmaker's clock, milliseconds: before its own start for a ticket that waited already. */
  readonly since: number;
  readonly traceparent: string;
}

export interface QueueRules {
  /** Players per match. */
  readonly seats: number;
  /** Distance that a ticket accepts at first, in rating points. */
  readonly windowPoints: number;
  /** How much more it accepts per second of waiting, without end: no ticket starves while there are others. */
  readonly windowPointsPerS: number;
  /** Distance between two regions. */
  readonly regionPoints: number;
  /** Who has waited so long plays with whom there is, and with bots; undefined: with players only. */
  readonly botsAfterMs?: number | undefined;
}

export class Queue {
  readonly #rules: QueueRules;
  readonly #tickets = new Map<string, WaitingTicket>();

  constructor(rules: QueueRules) {
    this.#rules = rules;
  }

  get size(): number {
    return this.#tickets.size;
  }

  add(ticket: WaitingTicket): void {
    this.#tickets.set(ticket.ticketId, ticket);
  }

  remove(ticketId: string): boolean {
    return this.#tickets.delete(ticketId);
  }

  /**
   * Takes out groups that fit now, at most `groupsMax`; they are full where bots are not allowed. Who waits longest chooses first, and gets the closest tickets that
   * accept each other. By rating order, each choice looks at its neighbourhood only.
   */
  group(now: number, groupsMax = Infinity): WaitingTicket[][] {
    const { seats } = this.#rules;
    if (this.#tickets.size < seats && this.#rules.botsAfterMs === undefined) return [];
    const byRating = [...this.#tickets.values()].sort((a, b) => a.rating - b.rating);
    const place = new Map(byRating.map((ticket, i) => [ticket.ticketId, i]));
    const taken = new Set<string>();
    const groups: WaitingTicket[][] = [];
    for (const oldest of [...byRating].sort((a, b) => a.since - b.since)) {
      if (groups.length >= groupsMax) break;
      if (taken.has(oldest.ticketId)) continue;
      const others = this.#closest(byRating, place.get(oldest.ticketId) as number, taken, now);
      if (others.length < seats - 1 && !this.#takesBots(oldest, now)) continue;
      const group = [oldest, ...others];
      for (const { ticketId } of group) {
        taken.add(ticketId);
        this.#tickets.delete(ticketId);
      }
      groups.push(group);
    }
    return groups;
  }

  /** The closest tickets that the one at `index` and that accept each other, at most seats - 1. */
  #closest(
    byRating: readonly WaitingTicket[],
    index: number,
    taken: ReadonlySet<string>,
    now: number,
  ): WaitingTicket[] {
    const ticket = byRating[index] as WaitingTicket;
    const reach = this.#window(ticket, now);
    const near: { other: WaitingTicket; distance: number }[] = [];
    for (const step of [-1, 1]) {
      for (let i = index + step; i >= 0 && i < byRating.length; i += step) {
        const other = byRating[i] as WaitingTicket;
        if (Math.abs(other.rating - ticket.rating) > reach) break;
        if (taken.has(other.ticketId) || other.playerId === ticket.playerId) continue;
        const distance = this.#distance(ticket, other);
        if (distance <= Math.min(reach, this.#window(other, now))) near.push({ other, distance });
      }
    }
    near.sort((a, b) => a.distance - b.distance || a.other.since - b.other.since);
    return near.slice(0, this.#rules.seats - 1).map(({ other }) => other);
  }

  #takesBots(ticket: WaitingTicket, now: number): boolean {
    const { botsAfterMs } = this.#rules;
    return botsAfterMs !== undefined && now - ticket.since >= botsAfterMs;
  }

  #window(ticket: WaitingTicket, now: number): number {
    return this.#rules.windowPoints + (this.#rules.windowPointsPerS * Math.max(0, now - ticket.since)) / 1000;
  }

  #distance(a: WaitingTicket, b: WaitingTicket): number {
    const apart = a.region !== "" && b.region !== "" && a.region !== b.region;
    return Math.abs(a.rating - b.rating) + (apart ? this.#rules.regionPoints : 0);
  }
}
