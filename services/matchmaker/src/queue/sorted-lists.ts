// A skip list (W. Pugh, "Skip lists: a probabilistic alternative to balanced trees", CACM 33, 1990) whose links are in flat
// arrays. Removing an element touches only its neighbours, however long the list is, and an element's neighbours are one step
// away.
import { grown, Links } from "./links.ts";

/** Of the elements of a level one in 2 ** 4 is in the next one too. Fewer steps of a search would mean more links to mend in every removal. */
const SPARSER_BITS = 4;
/** Above the one with all elements. A search takes some steps in each: good for a million elements. */
const EXPRESS_LEVELS = 4;

/**
 * Several sorted lists of small numbers, each number in one of them at most. The first numbers are the lists' ends: list 3
 * goes from 3 to 3, and 3 is no element of any.
 */
export class SortedLists {
  readonly #isBefore: (a: number, b: number) => boolean;
  readonly #all: Links;
  readonly #express: readonly Links[];
  /** Of each element, how many express levels it is in. */
  #levels: Uint8Array;
  #random = 0x9e3779b9;

  /**
   * @param all where the links of all elements lie; it has room for as many as the capacity says
   * @param isBefore a total order of the elements
   */
  constructor(all: Links, lists: number, capacity: number, isBefore: (a: number, b: number) => boolean) {
    this.#isBefore = isBefore;
    this.#all = all;
    this.#express = Array.from({ length: EXPRESS_LEVELS }, () => new Links(new Int32Array(2 * capacity), 2, 0));
    this.#levels = new Uint8Array(capacity);
    for (const links of [all, ...this.#express]) for (let list = 0; list < lists; list++) links.join(list, list);
  }

  grow(capacity: number): void {
    this.#levels = grown(this.#levels, capacity);
    for (const links of this.#express) links.moveTo(grown(links.words, 2 * capacity));
  }

  isEmpty(list: number): boolean {
    return this.#all.next(list) === list;
  }

  /** Behind the end is the first element, behind the last element the end. */
  next(element: number): number {
    return this.#all.next(element);
  }

  previous(element: number): number {
    return this.#all.previous(element);
  }

  insert(list: number, element: number): void {
    const levels = this.#someLevels();
    this.#levels[element] = levels;
    let at = list;
    for (let level = EXPRESS_LEVELS; level > 0; level--) {
      const links = this.#express[level - 1] as Links;
      at = this.#lastBefore(list, element, at, links);
      if (level <= levels) links.insertBehind(at, element);
    }
    this.#all.insertBehind(this.#lastBefore(list, element, at, this.#all), element);
  }

  remove(element: number): void {
    this.#all.remove(element);
    for (let level = this.#levels[element] as number; level > 0; level--)
      (this.#express[level - 1] as Links).remove(element);
  }

  /** Of a list, the first that is not before an element of another list; or the end. */
  seek(list: number, element: number): number {
    let at = list;
    for (let level = EXPRESS_LEVELS; level > 0; level--)
      at = this.#lastBefore(list, element, at, this.#express[level - 1] as Links);
    return this.next(this.#lastBefore(list, element, at, this.#all));
  }

  #lastBefore(list: number, element: number, from: number, links: Links): number {
    let at = from;
    for (let behind = links.next(at); behind !== list && this.#isBefore(behind, element); behind = links.next(at))
      at = behind;
    return at;
  }

  /** By xorshift: what it says decides what a search costs, and nothing else. */
  #someLevels(): number {
    this.#random ^= this.#random << 13;
    this.#random ^= this.#random >>> 17;
    this.#random ^= this.#random << 5;
    return Math.min(EXPRESS_LEVELS, Math.floor(Math.clz32(this.#random) / SPARSER_BITS));
  }
}
