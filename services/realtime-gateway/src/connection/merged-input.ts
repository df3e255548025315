// A client that sends inputs faster than its limits is slowed before it is closed: of the inputs above them the newest is kept, and goes on
// a few times a second. So a key that was let go is let go, however fast the client sends.

/** Twenty a second, on top of those that the limits allow. */
export const MERGED_EVERY_MS = 50;

export class MergedInput {
  readonly #send: (input: Uint8Array) => void;
  #waiting: Uint8Array | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(send: (input: Uint8Array) => void) {
    this.#send = send;
  }

  /** @returns true when an older one is left out for it */
  keep(input: Uint8Array): boolean {
    const replaces = this.#waiting !== undefined;
    this.#waiting = input;
    this.#timer ??= setTimeout(() => this.flush(), MERGED_EVERY_MS);
    return replaces;
  }

  /** Before any newer input goes on. */
  flush(): void {
    const input = this.#waiting;
    this.drop();
    if (input) this.#send(input);
  }

  drop(): void {
    clearTimeout(this.#timer);
    this.#timer = this.#waiting = undefined;
  }
}
