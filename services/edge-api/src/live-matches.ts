// The matches that are played now, for everybody: a page is read once a second, however many ask for it.
import { type Bounded, BoundedMap, withBudget } from "@muster/runtime";

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
}

const FRESH_MS = 1000;
/** Policy at the limit: the page that was read longest ago is read again when it is wanted. */
const PAGES_MAX = 1000;

export class LiveMatches<Page extends object> implements Bounded {
  readonly #options: LiveMatchesOptions<Page>;
  readonly #now: () => number;
  readonly #pages = new BoundedMap<string, { readonly page: Promise<Page>; until: number }>(PAGES_MAX);

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

  /** Failures are told to all who wait for them, and not kept. */
  async page(query: LiveQuery): Promise<Page> {
    const key = JSON.stringify([query.mode, query.pageSize, query.cursor]);
    const known = this.#pages.get(key);
    if (known && this.#now() < known.until) return known.page;
    const { read, readWithinMs } = this.#options;
    const budget = { deadlineAt: performance.now() + readWithinMs, signal: new AbortController().signal };
    const entry = { page: withBudget(budget, () => read(query)), until: Infinity };
    this.#pages.set(key, entry);
    try {
      const page = await entry.page;
      entry.until = this.#now() + FRESH_MS;
      return page;
    } catch (err) {
      if (this.#pages.get(key) === entry) this.#pages.delete(key);
      throw err;
    }
  }
}
