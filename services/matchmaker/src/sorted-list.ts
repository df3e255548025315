/** Elements of one chunk: what an insertion or a removal moves at most. */
const CHUNK_MAX = 128;

/** Where a walk stands; good until the list changes. */
export interface Place {
  chunk: number;
  index: number;
}

interface Chunk<T> {
  /** Never empty. */
  readonly elements: T[];
  /** Of the same elements: a search reads numbers that lie side by side, and no element until keys are equal. */
  readonly keys: number[];
}

/**
 * A sorted list in chunks: inserting, removing and finding a place cost the logarithm of its length and one chunk, and
 * walking from a place costs nothing but the walk.
 */
export class SortedList<T> {
  readonly #keyOf: (element: T) => number;
  readonly #tie: (a: T, b: T) => number;
  readonly #chunks: Chunk<T>[] = [];
  /** Of each chunk the last key. */
  readonly #lastKeys: number[] = [];
  /** Where the last search ended: of `insert` and `remove`. */
  readonly #found: Place = { chunk: 0, index: 0 };
  #length = 0;

  /** `tie`: the order of elements with equal keys, 0 for the same element only. */
  constructor(keyOf: (element: T) => number, tie: (a: T, b: T) => number) {
    this.#keyOf = keyOf;
    this.#tie = tie;
  }

  get length(): number {
    return this.#length;
  }

  insert(element: T): void {
    this.#length++;
    const key = this.#keyOf(element);
    const place = this.#found;
    this.seek(place, key, element);
    // Behind everything: into the last chunk.
    const at = Math.min(place.chunk, this.#chunks.length - 1);
    const chunk = this.#chunks[at];
    if (!chunk) {
      this.#chunks.push({ elements: [element], keys: [key] });
      this.#lastKeys.push(key);
      return;
    }
    const { elements, keys } = chunk;
    const index = at === place.chunk ? place.index : elements.length;
    insertAt(elements, index, element);
    insertAt(keys, index, key);
    if (elements.length > CHUNK_MAX) {
      const half = CHUNK_MAX / 2;
      this.#chunks.splice(at + 1, 0, { elements: elements.splice(half), keys: keys.splice(half) });
      this.#lastKeys.splice(at + 1, 0, 0);
      this.#lastKeys[at + 1] = (this.#chunks[at + 1] as Chunk<T>).keys.at(-1) as number;
    }
    this.#lastKeys[at] = keys.at(-1) as number;
  }

  /** False when it is not in the list. */
  remove(element: T): boolean {
    const place = this.#found;
    this.seek(place, this.#keyOf(element), element);
    const { chunk: at, index } = place;
    const chunk = this.#chunks[at];
    if (chunk?.elements[index] !== element) return false;
    this.#length--;
    const { elements, keys } = chunk;
    if (elements.length === 1) {
      this.#chunks.splice(at, 1);
      this.#lastKeys.splice(at, 1);
      return true;
    }
    removeAt(elements, index);
    removeAt(keys, index);
    this.#lastKeys[at] = keys[keys.length - 1] as number;
    return true;
  }

  /** The place of the first element with that key or a higher one; of those with just that key, the first that is not before `element`. */
  seek(place: Place, key: number, element?: T): void {
    const { length } = this.#lastKeys;
    let [low, high] = [0, length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const last = this.#lastKeys[middle] as number;
      if (last > key || (last === key && !this.#isBefore(this.#chunks[middle]?.elements.at(-1) as T, element)))
        high = middle;
      else low = middle + 1;
    }
    place.chunk = low;
    place.index = 0;
    const chunk = this.#chunks[low];
    if (!chunk) return;
    const { elements, keys } = chunk;
    let [from, to] = [0, keys.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      const here = keys[middle] as number;
      if (here > key || (here === key && !this.#isBefore(elements[middle] as T, element))) to = middle;
      else from = middle + 1;
    }
    place.index = from;
  }

  /** Undefined behind the last element. */
  at({ chunk, index }: Place): T | undefined {
    return this.#chunks[chunk]?.elements[index];
  }

  forward(place: Place): void {
    place.index++;
    if (place.index < (this.#chunks[place.chunk]?.elements.length ?? 0)) return;
    place.chunk++;
    place.index = 0;
  }

  /** In front of the first element there is no place: chunk is -1 then, and `at` undefined. */
  back(place: Place): void {
    place.index--;
    if (place.index >= 0) return;
    place.chunk--;
    place.index = (this.#chunks[place.chunk]?.elements.length ?? 0) - 1;
  }

  #isBefore(one: T, element: T | undefined): boolean {
    return element !== undefined && this.#tie(one, element) < 0;
  }
}

/** `splice` makes an array of what it took out, each time. */
function removeAt(array: unknown[], index: number): void {
  const last = array.length - 1;
  for (let i = index; i < last; i++) array[i] = array[i + 1];
  array.pop();
}

function insertAt<T>(array: T[], index: number, element: T): void {
  array.push(element);
  for (let i = array.length - 1; i > index; i--) array[i] = array[i - 1] as T;
  array[index] = element;
}
