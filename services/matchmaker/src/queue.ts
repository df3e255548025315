// The queue of one mode: tickets wait, `group` takes out those that fit. No I/O, no clock of its own.
import { type Place, SortedList } from "./sorted-list.ts";

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
  /** Where the player's connection comes from; empty or absent: unknown. */
  readonly address?: string;
  /** Until then it is paired with others of which that is true: it did not come to a match. */
  readonly apartUntil?: number;
  /** Players who are not paired with it. */
  readonly victims?: ReadonlySet<string>;
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

/** What a choice reads of a ticket, in one piece. */
interface Entry {
  readonly ticket: WaitingTicket;
  readonly region: string;
  readonly rating: number;
  readonly since: number;
  readonly playerId: string;
  readonly victims: ReadonlySet<string> | undefined;
}

/** Tickets that a choice looks at without a group coming of it: a few rounds later windows are wider. */
const LOOKS_MAX = 128;
/** Regions that have an order of their own. Tickets of any further one are as far from everybody as two regions are. */
const REGIONS_MAX = 16;
const OTHER_REGION = "other region";

/**
 * Who waits longest chooses first, and gets the closest tickets that it and that accept it. A pass goes over all tickets
 * once, and may stop after any choice and go on later: what came or left meanwhile is seen as it is then. A choice costs
 * the logarithm of the queue's length and the tickets that it looks at.
 */
export class Queue {
  readonly #rules: QueueRules;
  readonly #entries = new Map<string, Entry>();
  readonly #byAge = new SortedList<Entry>(({ since }) => since, byTicket);
  /** By region, by rating. */
  readonly #regions = new Map<string, SortedList<Entry>>();
  /** The last one that has chosen in this pass. */
  #chosen: Entry | undefined;
  readonly #place: Place = { chunk: 0, index: 0 };
  /** Used again for every choice. */
  readonly #walks: Walk[] = [];

  constructor(rules: QueueRules) {
    this.#rules = rules;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** A pass has stopped before its end. */
  get midPass(): boolean {
    return this.#chosen !== undefined;
  }

  add(ticket: WaitingTicket): void {
    this.remove(ticket.ticketId);
    const known = this.#regions.has(ticket.region) || this.#regions.size < REGIONS_MAX;
    const { rating, since, playerId, victims } = ticket;
    const entry = { ticket, region: known ? ticket.region : OTHER_REGION, rating, since, playerId, victims };
    this.#entries.set(ticket.ticketId, entry);
    this.#byAge.insert(entry);
    let list = this.#regions.get(entry.region);
    if (!list) this.#regions.set(entry.region, (list = new SortedList(({ rating }) => rating, byAge)));
    list.insert(entry);
  }

  remove(ticketId: string): boolean {
    const entry = this.#entries.get(ticketId);
    if (!entry) return false;
    this.#entries.delete(ticketId);
    this.#byAge.remove(entry);
    const list = this.#regions.get(entry.region);
    list?.remove(entry);
    if (list?.length === 0) this.#regions.delete(entry.region);
    return true;
  }

  /**
   * Takes out groups that fit now; they are full where bots are not allowed.
   * @param groupsMax, mayGoOn asked after every choice: at the one, or a false of the other, the rest of the pass is left for the next call
   */
  group(now: number, groupsMax = Infinity, mayGoOn: () => boolean = () => true): WaitingTicket[][] {
    const { seats, botsAfterMs } = this.#rules;
    const groups: WaitingTicket[][] = [];
    let oldest = this.#entries.size < seats && botsAfterMs === undefined ? undefined : this.#nextToChoose();
    while (oldest) {
      if (groups.length >= groupsMax) return groups;
      this.#chosen = oldest;
      const others = this.#closest(oldest, now);
      if (others.length === seats - 1 || this.#takesBots(oldest.ticket, now)) {
        const group = [oldest, ...others].map(({ ticket }) => ticket);
        for (const { ticketId } of group) this.remove(ticketId);
        groups.push(group);
      }
      oldest = this.#nextToChoose();
      if (oldest && !mayGoOn()) return groups;
    }
    this.#chosen = undefined;
    return groups;
  }

  #nextToChoose(): Entry | undefined {
    const last = this.#chosen;
    const [list, place] = [this.#byAge, this.#place];
    if (last) list.seek(place, last.since, last);
    else list.seek(place, -Infinity);
    if (last && list.at(place) === last) list.forward(place);
    return list.at(place);
  }

  /** The closest that it and that accept it, at most seats - 1: looked at in the order of their distance. */
  #closest(chooser: Entry, now: number): Entry[] {
    const reach = this.#window(chooser, now);
    const walks = this.#walksFrom(chooser);
    const found: Entry[] = [];
    for (let looks = 0; looks < LOOKS_MAX && found.length < this.#rules.seats - 1; looks++) {
      let nearest: Walk | undefined;
      for (let i = 0; i < walks; i++) {
        const walk = this.#walks[i] as Walk;
        if (walk.entry && (!nearest || isNearer(walk, nearest))) nearest = walk;
      }
      if (!nearest?.entry || nearest.distance > reach) break;
      const other = nearest.entry;
      const fits = mayPlay(chooser, other) && found.every((one) => mayPlay(one, other));
      if (fits && nearest.distance <= this.#window(other, now)) {
        found.push(other);
        looks = -1;
      }
      nearest.go();
    }
    return found;
  }

  /** Upwards and downwards from its rating, in every region. @returns how many of `#walks` */
  #walksFrom(chooser: Entry): number {
    let walks = 0;
    const place = this.#place;
    for (const [region, list] of this.#regions) {
      const away = this.#regionsApart(chooser.region, region);
      list.seek(place, chooser.rating);
      (this.#walks[walks++] ??= new Walk(1)).begin(list, place, chooser, away);
      list.back(place);
      (this.#walks[walks++] ??= new Walk(-1)).begin(list, place, chooser, away);
    }
    return walks;
  }

  #regionsApart(a: string, b: string): number {
    return a !== "" && b !== "" && (a !== b || a === OTHER_REGION) ? this.#rules.regionPoints : 0;
  }

  #takesBots(ticket: WaitingTicket, now: number): boolean {
    const { botsAfterMs } = this.#rules;
    return botsAfterMs !== undefined && now - ticket.since >= botsAfterMs;
  }

  #window({ since }: Entry, now: number): number {
    return this.#rules.windowPoints + (this.#rules.windowPointsPerS * Math.max(0, now - since)) / 1000;
  }
}

/** Away from a chooser in one region, in one direction: each step is as far from it as the last, or further. */
class Walk {
  entry: Entry | undefined;
  distance = 0;
  readonly #place: Place = { chunk: 0, index: 0 };
  readonly #direction: 1 | -1;
  #list: SortedList<Entry> | undefined;
  #chooser: Entry | undefined;
  #rating = 0;
  #away = 0;

  constructor(direction: 1 | -1) {
    this.#direction = direction;
  }

  begin(list: SortedList<Entry>, { chunk, index }: Place, chooser: Entry, away: number): void {
    this.#list = list;
    this.#chooser = chooser;
    this.#rating = chooser.rating;
    this.#away = away;
    this.#place.chunk = chunk;
    this.#place.index = index;
    this.#look();
  }

  go(): void {
    if (this.#direction === 1) this.#list?.forward(this.#place);
    else this.#list?.back(this.#place);
    this.#look();
  }

  #look(): void {
    this.entry = this.#list?.at(this.#place);
    if (this.entry === undefined) return;
    if (this.entry === this.#chooser) return this.go();
    this.distance = Math.abs(this.entry.rating - this.#rating) + this.#away;
  }
}

/** Of two that are equally far the one that waits longer. */
function isNearer(a: Walk, b: Walk): boolean {
  return a.distance === b.distance ? byAge(a.entry as Entry, b.entry as Entry) < 0 : a.distance < b.distance;
}

/** Who waited in vain for the other one is not made to again. */
function mayPlay(a: Entry, b: Entry): boolean {
  return a.playerId !== b.playerId && !a.victims?.has(b.playerId) && !b.victims?.has(a.playerId);
}

/** One that is put back has its old place: a pass that has been there does not come to it again. */
function byAge(a: Entry, b: Entry): number {
  return a.since - b.since || byTicket(a, b);
}

function byTicket(a: Entry, b: Entry): number {
  const [one, other] = [a.ticket.ticketId, b.ticket.ticketId];
  return one === other ? 0 : one < other ? -1 : 1;
}
