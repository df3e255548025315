/** Elements of one chunk: what an insertion or a removal moves at most. */
const CHUNK_MAX = 256;

/** Where a walk stands; good until the list changes. */
export interface Place {
  chunk: number;
  index: number;
}

/**
 * A sorted list in chunks: inserting, removing and finding a place cost the logarithm of its length and one chunk, and
 * walking from a place costs nothing but the walk.
 */
export class SortedList<T> {
  readonly #compare: (a: T, b: T) => number;
  /** None is empty. */
  readonly #chunks: T[][] = [];
  #length = 0;

  /** `compare`: a total order, 0 for the same element only. */
  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  get length(): number {
    return this.#length;
  }

  insert(element: T): void {
    this.#length++;
    const place = this.firstFrom((other) => this.#compare(other, element));
    // Behind everything: into the last chunk.
    const at = Math.min(place.chunk, this.#chunks.length - 1);
    const chunk = this.#chunks[at];
    if (!chunk) return void this.#chunks.push([element]);
    chunk.splice(at === place.chunk ? place.index : chunk.length, 0, element);
    if (chunk.length > CHUNK_MAX) this.#chunks.splice(at + 1, 0, chunk.splice(CHUNK_MAX / 2));
  }

  /** False when it is not in the list. */
  remove(element: T): boolean {
    const { chunk: at, index } = this.firstFrom((other) => this.#compare(other, element));
    const chunk = this.#chunks[at];
    if (chunk?.[index] !== element) return false;
    chunk.splice(index, 1);
    if (chunk.length === 0) this.#chunks.splice(at, 1);
    this.#length--;
    return true;
  }

  /** The place of the first element that is not before the one looked for: for which `order` is not negative. */
  firstFrom(order: (element: T) => number): Place {
    const chunk = firstIndex(this.#chunks.length, (i) => order((this.#chunks[i] as T[]).at(-1) as T) >= 0);
    const elements = this.#chunks[chunk];
    return { chunk, index: elements ? firstIndex(elements.length, (i) => order(elements[i] as T) >= 0) : 0 };
  }

  /** Undefined behind the last element. */
  at({ chunk, index }: Place): T | undefined {
    return this.#chunks[chunk]?.[index];
  }

  forward(place: Place): void {
    place.index++;
    if (place.index < (this.#chunks[place.chunk]?.length ?? 0)) return;
    place.chunk++;
    place.index = 0;
  }

  /** In front of the first element there is no place: chunk is -1 then, and `at` undefined. */
  back(place: Place): void {
    place.index--;
    if (place.index >= 0) return;
    place.chunk--;
    place.index = (this.#chunks[place.chunk]?.length ?? 0) - 1;
  }
}

/** The first index below `length` for which `holds`, which holds for all behind it too; `length` when there is none. */
function firstIndex(length: number, holds: (index: number) => boolean): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
