import { LRUCache } from "lru-cache";
import { Counter, Gauge } from "prom-client";
import type { Metrics } from "./metrics.ts";

/** What /metrics says of it. */
export interface Bounded {
  readonly size: number;
  /** Entries that went because there were too many. */
  readonly evictions: number;
}

/**
 * A map for what clients can make grow: at the limit the entry that was set longest ago goes. Reading renews nothing; setting again
 * does. `keys().next()` of a `Map` would find the oldest as well, but looks at every entry that was deleted before it: 0.14 ms for each
 * entry that comes to a full map of 200,000, which takes 4 µs here.
 */
export class BoundedMap<K extends string, V extends NonNullable<unknown>> implements Bounded {
  readonly #entries: LRUCache<K, V>;
  #evictions = 0;

  /** @param onEvicted for what has to be ended with an entry */
  constructor(entriesMax: number, onEvicted: (value: V) => void = () => undefined) {
    this.#entries = new LRUCache({
      max: entriesMax,
      dispose: (value, _key, why) => {
        if (why !== "evict") return;
        this.#evictions++;
        onEvicted(value);
      },
    });
  }

  get size(): number {
    return this.#entries.size;
  }

  get evictions(): number {
    return this.#evictions;
  }

  get(key: K): V | undefined {
    return this.#entries.peek(key);
  }

  has(key: K): boolean {
    return this.#entries.has(key);
  }

  set(key: K, value: V): void {
    this.#entries.set(key, value);
  }

  delete(key: K): void {
    this.#entries.delete(key);
  }
}

/** Once per process, with all of its maps by name. */
export function measureBounded(metrics: Metrics, maps: Readonly<Record<string, Bounded>>): void {
  const registers = [metrics];
  const labelNames = ["map"];
  new Gauge({
    name: "bounded_map_entries",
    help: "Entries in a map of bounded size",
    labelNames,
    registers,
    collect() {
      for (const [map, { size }] of Object.entries(maps)) this.set({ map }, size);
    },
  });
  new Counter({
    name: "bounded_map_evictions_total",
    help: "Entries removed from a map of bounded size because it was full",
    labelNames,
    registers,
    collect() {
      this.reset();
      for (const [map, { evictions }] of Object.entries(maps)) this.inc({ map }, evictions);
    },
  });
}
