// The queue of one mode: tickets wait, and `group` removes those that fit together. No I/O, no clock of its own.
import { type Nearest, REGION_SLOTS, Regions } from "./regions.ts";
import { Slots } from "./slots.ts";
import { SortedLists } from "./sorted-lists.ts";
import type { WaitingTicket } from "./waiting-ticket.ts";

export interface QueueRules {
  /** Players per match. */
  readonly seats: number;
  /** Distance that a ticket accepts at first, in points of winning chance. */
  readonly windowPoints: number;
  /** How much more it accepts per second of waiting, without end: no ticket starves while there are others. */
  readonly windowPointsPerS: number;
  /** Distance between two regions. */
  readonly regionPoints: number;
  /** After waiting this long, a ticket is matched with the available players and bots; undefined: with players only. */
  readonly botsAfterMs?: number | undefined;
  /** Tickets that a choice looks at in vain before it gives up: a few rounds later windows are wider. 128 if absent. */
  readonly looksMax?: number;
}

const LOOKS_MAX = 128;
/** Slots of no tickets: the ends of the lists, and one for the age that a pass has come to. */
const AGE_END = 0;
const PASS = REGION_SLOTS;
const RESERVED = REGION_SLOTS + 1;

/**
 * The ticket that has waited longest chooses first, and gets the closest tickets in strength whose chance against it both sides accept. A pass goes over all tickets
 * once, and may stop after any choice and go on later: what came or left meanwhile is seen as it is then. A choice costs
 * the tickets that it looks at, however many wait.
 */
export class Queue {
  readonly #rules: QueueRules;
  readonly #slots = new Slots(RESERVED);
  readonly #byAge = new SortedLists(this.#slots.ageLinks, 1, this.#slots.capacity, (a, b) => this.#slots.isOlder(a, b));
  readonly #regions: Regions;
  #size = 0;
  #midPass = false;
  /** Chooses next in this pass. */
  #next = AGE_END;
  /** The slots found for the choosing ticket, its own first; reused for every choice. */
  readonly #group: Int32Array;

  constructor(rules: QueueRules) {
    this.#rules = rules;
    this.#regions = new Regions(this.#slots, rules.regionPoints);
    this.#group = new Int32Array(rules.seats);
  }

  get size(): number {
    return this.#size;
  }

  /** A pass has stopped before its end. */
  get midPass(): boolean {
    return this.#midPass;
  }

  /**
   * @param arrival orders tickets that have waited equally long. A ticket that is put back keeps its own: a pass that has
   * gone beyond it does not come to it again
   * @returns its slot, valid while the ticket is in the queue
   */
  add(ticket: WaitingTicket, arrival: number): number {
    if (this.#slots.full) this.#grow();
    const slot = this.#slots.take(ticket, arrival, this.#regions.numberOf(ticket.region));
    this.#regions.insert(slot);
    this.#byAge.insert(AGE_END, slot);
    this.#size++;
    const isNext = this.#midPass && this.#byAge.next(slot) === this.#next && this.#slots.isOlder(PASS, slot);
    if (isNext) this.#next = slot;
    return slot;
  }

  /** False when it is not here any more. */
  remove(ticket: WaitingTicket, slot: number): boolean {
    if (!this.has(ticket, slot)) return false;
    this.#leave(slot);
    return true;
  }

  has(ticket: WaitingTicket, slot: number): boolean {
    return this.#slots.ticket(slot) === ticket;
  }

  /**
   * Takes out groups that fit now; they are full where bots are not allowed.
   * @param groupsMax after this many groups, the rest of the pass is left to the next call
   * @param mayGoOn asked after every choice; false leaves the rest as well
   */
  group(now: number, groupsMax = Infinity, mayGoOn: () => boolean = () => true): WaitingTicket[][] {
    const { seats, botsAfterMs } = this.#rules;
    const groups: WaitingTicket[][] = [];
    if (!this.#midPass) this.#next = this.#byAge.next(AGE_END);
    if (this.#size < seats && botsAfterMs === undefined) this.#next = AGE_END;
    this.#midPass = this.#next !== AGE_END;
    while (this.#midPass) {
      if (groups.length >= groupsMax) return groups;
      const chooser = this.#next;
      this.#next = this.#byAge.next(chooser);
      this.#slots.copyAge(chooser, PASS);
      const found = this.#findFor(chooser, now);
      if (found === seats || this.#takesBots(chooser, now)) groups.push(this.#take(found));
      this.#midPass = this.#next !== AGE_END;
      if (this.#midPass && !mayGoOn()) return groups;
    }
    return groups;
  }

  /** Finds the closest tickets that both sides accept, nearest first. @returns how many are in `#group` then, the chooser included */
  #findFor(chooser: number, now: number): number {
    const { seats, looksMax = LOOKS_MAX } = this.#rules;
    const reach = this.#window(chooser, now);
    const farthest = reach / this.#slots.leastCertainty(chooser);
    this.#group[0] = chooser;
    let found = 1;
    this.#regions.beginAt(chooser, reach);
    for (let looks = 0; looks < looksMax && found < seats; looks++) {
      const nearest = this.#regions.nearest();
      if (nearest.distance > farthest) break;
      if (
        this.#fits(chooser, nearest, Math.min(reach, this.#window(nearest.slot, now))) &&
        this.#mayJoin(nearest.slot, found)
      ) {
        this.#group[found++] = nearest.slot;
        looks = -1;
      }
      this.#regions.step(nearest);
    }
    return found;
  }

  /** Visited in order of strength, but judged by the chance to win, which is closer to a half where less is known. */
  #fits(chooser: number, { slot, distance }: Nearest, window: number): boolean {
    if (distance <= window) return true;
    const difference = this.#slots.distance(chooser, slot);
    return distance - difference + difference * this.#slots.certainty(chooser, slot) <= window;
  }

  #mayJoin(slot: number, found: number): boolean {
    for (let i = 0; i < found; i++) if (!this.#slots.mayPlay(this.#group[i] as number, slot)) return false;
    return true;
  }

  /** Out of the queue, as many as were found. */
  #take(found: number): WaitingTicket[] {
    // oxlint-disable-next-line unicorn/no-new-array -- a push would make room for seventeen, and a pass makes nothing but groups
    const tickets = new Array<WaitingTicket>(found);
    for (let i = 0; i < found; i++) {
      const slot = this.#group[i] as number;
      tickets[i] = this.#slots.ticket(slot) as WaitingTicket;
      this.#leave(slot);
    }
    return tickets;
  }

  #leave(slot: number): void {
    if (slot === this.#next) this.#next = this.#byAge.next(slot);
    this.#byAge.remove(slot);
    this.#regions.remove(slot);
    this.#slots.free(slot);
    if (--this.#size === 0) this.#slots.emptied();
  }

  #takesBots(slot: number, now: number): boolean {
    const { botsAfterMs } = this.#rules;
    return botsAfterMs !== undefined && now - this.#slots.since(slot) >= botsAfterMs;
  }

  #window(slot: number, now: number): number {
    const waitedMs = Math.max(0, now - this.#slots.since(slot));
    return this.#rules.windowPoints + (this.#rules.windowPointsPerS * waitedMs) / 1000;
  }

  #grow(): void {
    this.#slots.grow();
    this.#byAge.grow(this.#slots.capacity);
    this.#regions.grow();
  }
}
