// What the SDK did last, as text that a player can send to support: `client.supportLog()`. It has paths, codes, durations and trace ids, and
// never a token, a password, a body or a query.
import { MusterError } from "./errors.ts";

const LINES_MAX = 200;

export class SupportLog {
  readonly #lines: string[] = [];
  #dropped = 0;

  note(what: string): void {
    this.#lines.push(`${new Date().toISOString()} ${what}`);
    if (this.#lines.length <= LINES_MAX) return;
    this.#lines.shift();
    this.#dropped++;
  }

  /** Notes how `work` ended, and passes it on. */
  async noting<T>(what: string, work: Promise<T>): Promise<T> {
    const since = performance.now();
    const took = (): string => `${Math.round(performance.now() - since)} ms`;
    try {
      const value = await work;
      this.note(`${what}: ok, ${took()}`);
      return value;
    } catch (err) {
      this.note(`${what}: ${outcomeOf(err)}, ${took()}`);
      throw err;
    }
  }

  toString(): string {
    const head = this.#dropped > 0 ? [`(${this.#dropped} earlier lines dropped)`] : [];
    return [...head, ...this.#lines].join("\n");
  }
}

/** Not the message: it may quote what another server said. */
export function outcomeOf(err: unknown): string {
  if (!(err instanceof MusterError)) return "failed";
  const status = err.status > 0 ? ` ${err.status}` : "";
  return `${err.code}${status}${err.traceId === "" ? "" : ` trace ${err.traceId}`}`;
}
