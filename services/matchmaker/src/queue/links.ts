/** A doubly linked list: two words per element, at a fixed position in the element's row of words. */
export class Links {
  #words: Int32Array;
  readonly #rowWords: number;
  readonly #at: number;

  constructor(words: Int32Array, rowWords: number, at: number) {
    this.#words = words;
    this.#rowWords = rowWords;
    this.#at = at;
  }

  get words(): Int32Array {
    return this.#words;
  }

  /** A larger array has the same links. */
  moveTo(words: Int32Array): void {
    this.#words = words;
  }

  next(element: number): number {
    return this.#words[element * this.#rowWords + this.#at] as number;
  }

  previous(element: number): number {
    return this.#words[element * this.#rowWords + this.#at + 1] as number;
  }

  join(element: number, behind: number): void {
    this.#words[element * this.#rowWords + this.#at] = behind;
    this.#words[behind * this.#rowWords + this.#at + 1] = element;
  }

  insertBehind(element: number, added: number): void {
    const behind = this.next(element);
    this.join(element, added);
    this.join(added, behind);
  }

  remove(element: number): void {
    this.join(this.previous(element), this.next(element));
  }
}

/** The same numbers in a longer array. */
export function grown<T extends Float64Array | Int32Array | Uint8Array>(array: T, length: number): T {
  const longer = new (array.constructor as new (length: number) => T)(length);
  longer.set(array);
  return longer;
}
