// What checks say when something is not as it should be.
import { isDeepStrictEqual } from "node:util";

export function same(got: unknown, wanted: unknown, what: string): void {
  if (!isDeepStrictEqual(got, wanted)) throw new Error(`${what}: ${textOf(got)}, not ${textOf(wanted)}`);
}

export function holds(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}

/** Never shorter: a timer of Node's counts from the start of the turn that sets it, and so may fire early. */
export async function pause(ms: number): Promise<void> {
  const until = performance.now() + ms;
  for (let left = ms; left > 0; left = until - performance.now())
    await new Promise((resolve) => setTimeout(resolve, left));
}

/** @throws Error that says what did not come */
export async function within<T>(ms: number, promise: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no ${what} within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What came and was not taken yet; whoever waits takes the first that fits. */
export class Inbox<T> {
  readonly #items: T[] = [];
  readonly #waiting: Waiter<T>[] = [];

  add(item: T): void {
    const at = this.#waiting.findIndex(({ wanted }) => wanted(item));
    if (at < 0) this.#items.push(item);
    else this.#waiting.splice(at, 1)[0]?.take(item);
  }

  clear(): void {
    this.#items.length = 0;
  }

  get untaken(): readonly T[] {
    return this.#items;
  }

  async take(ms: number, what: string, wanted: (item: T) => boolean = () => true): Promise<T> {
    const at = this.#items.findIndex(wanted);
    if (at >= 0) return this.#items.splice(at, 1)[0] as T;
    const { promise, resolve } = Promise.withResolvers<T>();
    const waiter: Waiter<T> = { wanted, take: resolve };
    this.#waiting.push(waiter);
    try {
      return await within(ms, promise, what);
    } finally {
      const index = this.#waiting.indexOf(waiter);
      if (index >= 0) this.#waiting.splice(index, 1);
    }
  }
}

interface Waiter<T> {
  wanted(item: T): boolean;
  take(item: T): void;
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) => (typeof one === "bigint" ? String(one) : one)) ?? "nothing";
}
