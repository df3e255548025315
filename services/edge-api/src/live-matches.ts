// The matches that are played now, for everybody: a page is read once a second, however many ask for it.
import { type Bounded, BoundedMap, clientNetworkOf, withBudget } from "@muster/runtime";
import { Refusal } from "./errors.ts";

export interface LiveQuery {
  /** Empty: of all modes. */
  readonly mode: string;
  readonly pageSize: number;
  readonly cursor: string;
}

export interface LiveMatchesOptions<Page> {
  readonly read: (query: LiveQuery) => Promise<Page>;
  /** Of one reading: who began it may be gone while others wait for it. */
  readonly readWithinMs: number;
  readonly now?: () => number;
  /** The modes and cursors that whoever has read this page may go on with. */
  readonly told: (page: Page, query: LiveQuery) => readonly string[];
}

const FRESH_MS = 1000;
/**
 * Readings in a second of pages that nobody was told of: other modes than those that are played, cursors that this process has not given out. A page
 * from another process's cursor is among them, and so is what somebody makes up. Policy beyond: they are refused, and all other pages are not.
 */
const UNKNOWN_PER_SECOND = 100;
/** Of them, for whoever shares an address: so that one who makes up pages takes those of another process from nobody else. */
const UNKNOWN_PER_NETWORK = 10;
const KNOWN_MAX = 1000;
/** Policy at the limit: the page that was read longest ago is read again when it is wanted. */
const PAGES_MAX = 1000;

export class LiveMatches<Page extends object> implements Bounded {
  readonly #options: LiveMatchesOptions<Page>;
  readonly #now: () => number;
  readonly #pages = new BoundedMap<string, { readonly page: Promise<Page>; until: number }>(PAGES_MAX);

  /** Modes that are played, and cursors that were given out. */
  readonly #known = new BoundedMap<string, true>(KNOWN_MAX);
  #unknownSince = -Infinity;
  #unknown = 0;
  /** By network; no more entries than readings in a second. */
  readonly #unknownOf = new Map<string, number>();

  constructor(options: LiveMatchesOptions<Page>) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  get size(): number {
    return this.#pages.size;
  }

  get evictions(): number {
    return this.#pages.evictions;
  }

  /** Failures are told to all who wait for them, and not kept. @param address of who asks @throws Refusal busy */
  async page(query: LiveQuery, address: string): Promise<Page> {
    const key = JSON.stringify([query.mode, query.pageSize, query.cursor]);
    const known = this.#pages.get(key);
    if (known && this.#now() < known.until) return known.page;
    if (!this.#isKnown(query)) this.#takeUnknown(clientNetworkOf(address));
    const { read, readWithinMs, told } = this.#options;
    const budget = { deadlineAt: performance.now() + readWithinMs, signal: new AbortController().signal };
    const entry = { page: withBudget(budget, () => read(query)), until: Infinity };
    this.#pages.set(key, entry);
    try {
      const page = await entry.page;
      entry.until = this.#now() + FRESH_MS;
      for (const known of told(page, query)) this.#known.set(known, true);
      return page;
    } catch (err) {
      if (this.#pages.get(key) === entry) this.#pages.delete(key);
      throw err;
    }
  }

  #isKnown({ mode, cursor }: LiveQuery): boolean {
    const wanted = [mode, cursor].filter((one) => one !== "");
    return wanted.every((one) => this.#known.get(one) !== undefined);
  }

  #takeUnknown(network: string): void {
    const now = this.#now();
    if (now - this.#unknownSince >= 1000) {
      [this.#unknownSince, this.#unknown] = [now, 0];
      this.#unknownOf.clear();
    }
    const own = this.#unknownOf.get(network) ?? 0;
    if (own < UNKNOWN_PER_NETWORK && this.#unknown < UNKNOWN_PER_SECOND) {
      this.#unknownOf.set(network, own + 1);
      this.#unknown++;
      return;
    }
    const message = "Too many different pages of live matches are asked for. Try again in a second.";
    throw new Refusal({ status: 429, code: "busy", message, retryable: true }, { "retry-after": "1" });
  }
}
