// A line at the bottom of a terminal that says anew every second how things are. In a file or a pipe there is none.

const EVERY_MS = 1000;
const CLEAR_LINE = "\r\x1b[2K";

export interface Terminal {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export class StatusLine {
  readonly #out: Terminal;
  readonly #text: () => string;
  readonly #timer: NodeJS.Timeout | undefined;
  #shown = false;

  constructor(out: Terminal, text: () => string) {
    this.#out = out;
    this.#text = text;
    if (out.isTTY) this.#timer = setInterval(() => this.#show(), EVERY_MS).unref();
  }

  /** Before something else is written. */
  clear(): void {
    if (this.#shown) this.#out.write(CLEAR_LINE);
    this.#shown = false;
  }

  end(): void {
    clearInterval(this.#timer);
    this.clear();
  }

  #show(): void {
    this.#out.write(`${CLEAR_LINE}${this.#text()}`);
    this.#shown = true;
  }
}
