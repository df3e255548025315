// What a queue reads of its tickets. A pass over a long queue mostly waits for memory, because a ticket and its strings are
// scattered over the heap. These arrays have what a choice reads in a few bytes per ticket.
import { FreeSlots } from "./free-slots.ts";
import { grown, Links } from "./links.ts";
import { certaintyOf } from "./strength.ts";
import type { WaitingTicket } from "./waiting-ticket.ts";

const SLOTS_AT_FIRST = 64;
// Of a row: what is read of a neighbour in rating.
const ROW_WORDS = 4;
const LINKS = 0;
const RATING = 2;
const PLAYER = 3;

const REGION_MASK = 0x7f;
const HAS_VICTIMS = 0x80;

/** Each ticket that waits has a slot: a small number, which is free again when it leaves. */
export class Slots {
  readonly #reserved: number;
  #rows = new Int32Array(SLOTS_AT_FIRST * ROW_WORDS);
  #since = new Float64Array(SLOTS_AT_FIRST);
  #traits = new Uint8Array(SLOTS_AT_FIRST);
  /** Read only where it decides whether two fit. */
  #variances = new Float64Array(SLOTS_AT_FIRST);
  /** Of all tickets since there were none. */
  #varianceMax = 0;
  /** Read only where two have waited equally long. */
  #arrivals = new Float64Array(SLOTS_AT_FIRST);
  readonly ratingLinks = new Links(this.#rows, ROW_WORDS, LINKS);
  readonly ageLinks = new Links(new Int32Array(SLOTS_AT_FIRST * 2), 2, 0);
  readonly #tickets: (WaitingTicket | undefined)[] = [];
  readonly #free: FreeSlots;

  /** The first slots are nobody's, and infinitely far from everybody. */
  constructor(reserved: number) {
    this.#reserved = reserved;
    this.#free = new FreeSlots(reserved, SLOTS_AT_FIRST);
  }

  get capacity(): number {
    return this.#since.length;
  }

  get full(): boolean {
    return this.#free.count === 0;
  }

  grow(): void {
    const capacity = this.capacity * 2;
    this.#rows = grown(this.#rows, capacity * ROW_WORDS);
    this.#since = grown(this.#since, capacity);
    this.#traits = grown(this.#traits, capacity);
    this.#arrivals = grown(this.#arrivals, capacity);
    this.#variances = grown(this.#variances, capacity);
    this.ratingLinks.moveTo(this.#rows);
    this.ageLinks.moveTo(grown(this.ageLinks.words, capacity * 2));
    this.#free.grow(capacity);
  }

  /** There must be a free one. */
  take(ticket: WaitingTicket, arrival: number, region: number): number {
    const slot = this.#free.take();
    this.#tickets[slot] = ticket;
    this.#rows[slot * ROW_WORDS + RATING] = ticket.rating;
    this.#rows[slot * ROW_WORDS + PLAYER] = hashOf(ticket.playerId);
    this.#since[slot] = ticket.since;
    this.#traits[slot] = region | (ticket.victims?.size ? HAS_VICTIMS : 0);
    this.#arrivals[slot] = arrival;
    const variance = ticket.variance ?? 0;
    this.#variances[slot] = variance;
    if (variance > this.#varianceMax) this.#varianceMax = variance;
    return slot;
  }

  free(slot: number): void {
    this.#tickets[slot] = undefined;
    this.#free.add(slot);
  }

  copyAge(from: number, to: number): void {
    this.#since[to] = this.since(from);
    this.#arrivals[to] = this.#arrivals[from] as number;
  }

  ticket(slot: number): WaitingTicket | undefined {
    return this.#tickets[slot];
  }

  since(slot: number): number {
    return this.#since[slot] as number;
  }

  region(slot: number): number {
    return (this.#traits[slot] as number) & REGION_MASK;
  }

  /** In rating points. */
  distance(a: number, b: number): number {
    return a < this.#reserved ? Infinity : Math.abs(this.#rating(a) - this.#rating(b));
  }

  /** The part of it that counts: the less is known of two players, the nearer are they to each other. */
  certainty(a: number, b: number): number {
    return certaintyOf(this.#variances[a] as number, this.#variances[b] as number);
  }

  /** The least that it can be, whoever the other one is. */
  leastCertainty(slot: number): number {
    return certaintyOf(this.#variances[slot] as number, this.#varianceMax);
  }

  /** The last ticket has left. */
  emptied(): void {
    this.#varianceMax = 0;
  }

  /** Waits longer, or arrived before it. */
  isOlder(a: number, b: number): boolean {
    const since = this.since(a);
    const other = this.since(b);
    return since === other ? (this.#arrivals[a] as number) < (this.#arrivals[b] as number) : since < other;
  }

  /** Of equal ones the older. */
  isLower(a: number, b: number): boolean {
    const rating = this.#rating(a);
    const other = this.#rating(b);
    return rating === other ? this.isOlder(a, b) : rating < other;
  }

  /** Nobody plays against itself, or against a player for whom it waited in vain before. */
  mayPlay(a: number, b: number): boolean {
    if (this.#player(a) !== this.#player(b) && !this.#hasVictims(a) && !this.#hasVictims(b)) return true;
    const one = this.#tickets[a] as WaitingTicket;
    const other = this.#tickets[b] as WaitingTicket;
    return one.playerId !== other.playerId && !one.victims?.has(other.playerId) && !other.victims?.has(one.playerId);
  }

  #rating(slot: number): number {
    return this.#rows[slot * ROW_WORDS + RATING] as number;
  }

  /** A hash of the player's id: unequal hashes are unequal players. */
  #player(slot: number): number {
    return this.#rows[slot * ROW_WORDS + PLAYER] as number;
  }

  #hasVictims(slot: number): boolean {
    return ((this.#traits[slot] as number) & HAS_VICTIMS) !== 0;
  }
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}
