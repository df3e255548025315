// The tickets of a queue by region and rating. From any ticket, they can be visited in order of distance, nearest first.
import type { Slots } from "./slots.ts";
import { SortedLists } from "./sorted-lists.ts";

/** Near to all. */
const NO_REGION = 0;
/** Regions with an order of their own, "no region" included. Tickets of further regions are a region's distance from everybody. */
const REGIONS_MAX = 16;
const OTHER_REGION = REGIONS_MAX;

/** Slots that are no ticket's: where the lists end. */
export const REGION_SLOTS = REGIONS_MAX + 1;

export interface Nearest {
  readonly slot: number;
  readonly distance: number;
}

/** Away from a ticket in one region, in one direction: each step is as far from it as the last, or further. */
interface Walk extends Nearest {
  slot: number;
  distance: number;
  /** What the region adds. */
  away: number;
  up: boolean;
}

export class Regions {
  readonly #slots: Slots;
  readonly #lists: SortedLists;
  readonly #regionPoints: number;
  /** By number; of those in which nobody waits the number may be given to another. */
  readonly #names = [""];
  /** In which someone waits. */
  readonly #inUse: number[] = [];
  /** Used again for every way. */
  readonly #walks: Walk[] = [];
  #walksBegun = 0;
  #from = 0;
  #apartToo = false;

  constructor(slots: Slots, regionPoints: number) {
    this.#slots = slots;
    this.#lists = new SortedLists(slots.ratingLinks, REGION_SLOTS, slots.capacity, (a, b) => slots.isLower(a, b));
    this.#regionPoints = regionPoints;
  }

  grow(): void {
    this.#lists.grow(this.#slots.capacity);
  }

  numberOf(name: string): number {
    const known = this.#names.indexOf(name);
    if (known !== -1) return known;
    for (let region = NO_REGION + 1; region < REGIONS_MAX; region++) {
      if (!this.#lists.isEmpty(region)) continue;
      this.#names[region] = name;
      return region;
    }
    return OTHER_REGION;
  }

  insert(slot: number): void {
    const region = this.#slots.region(slot);
    if (this.#lists.isEmpty(region)) this.#inUse.push(region);
    this.#lists.insert(region, slot);
  }

  remove(slot: number): void {
    const region = this.#slots.region(slot);
    this.#lists.remove(slot);
    if (this.#lists.isEmpty(region)) this.#inUse.splice(this.#inUse.indexOf(region), 1);
  }

  /**
   * The search starts at the ticket's own position in its own region and moves outwards. In another region that position has to be
   * looked up first: at once in a near region, in a distant one only when no nearer ticket is left, and never in one that is out of reach.
   */
  beginAt(slot: number, reach: number): void {
    this.#from = slot;
    this.#walksBegun = 0;
    this.#beginWalks(this.#slots.region(slot), slot);
    this.#beginInOthers(false);
    this.#apartToo = reach < this.#regionPoints;
  }

  /** Good until the next step. Behind the last one its distance is infinite, and its slot nobody's. */
  nearest(): Nearest {
    const nearest = this.#nearestWalk();
    if (this.#apartToo || nearest.distance < this.#regionPoints) return nearest;
    this.#apartToo = true;
    this.#beginInOthers(true);
    return this.#nearestWalk();
  }

  /** On, from what was the nearest. */
  step(nearest: Nearest): void {
    const walk = nearest as Walk;
    walk.slot = walk.up ? this.#lists.next(walk.slot) : this.#lists.previous(walk.slot);
    this.#measure(walk);
  }

  #beginInOthers(apart: boolean): void {
    const home = this.#slots.region(this.#from);
    for (const region of this.#inUse)
      if (region !== home && areApart(home, region) === apart)
        this.#beginWalks(region, this.#lists.seek(region, this.#from));
  }

  /** Upwards and downwards, but for the ticket itself. */
  #beginWalks(region: number, at: number): void {
    const away = areApart(this.#slots.region(this.#from), region) ? this.#regionPoints : 0;
    this.#beginWalk(at === this.#from ? this.#lists.next(at) : at, true, away);
    this.#beginWalk(this.#lists.previous(at), false, away);
  }

  #beginWalk(slot: number, up: boolean, away: number): void {
    const walk = (this.#walks[this.#walksBegun++] ??= { slot, distance: 0, up, away });
    walk.slot = slot;
    walk.up = up;
    walk.away = away;
    this.#measure(walk);
  }

  #measure(walk: Walk): void {
    walk.distance = this.#slots.distance(walk.slot, this.#from) + walk.away;
  }

  /** Of two that are equally far the one that waits longer. */
  #nearestWalk(): Walk {
    let nearest = this.#walks[0] as Walk;
    for (let i = 1; i < this.#walksBegun; i++) {
      const walk = this.#walks[i] as Walk;
      const isNearer =
        walk.distance === nearest.distance
          ? this.#slots.isOlder(walk.slot, nearest.slot)
          : walk.distance < nearest.distance;
      if (isNearer) nearest = walk;
    }
    return nearest;
  }
}

function areApart(a: number, b: number): boolean {
  return a !== NO_REGION && b !== NO_REGION && (a !== b || a === OTHER_REGION);
}
