import type { Logger } from "@muster/log";
import { backoffMs, type Dependency, noteBuilt } from "@muster/resilience";
import { type LinkEvents, ShardLink } from "./shard-link.ts";

export interface ShardLinksOptions {
  readonly gatewayId: string;
  /** Its row in the table of packages/resilience. */
  readonly dependency: Dependency;
  readonly linkKey: Buffer;
  readonly suspectAfterMs: number;
  readonly events: LinkEvents;
  /** The addresses with a working link, whenever they change. */
  readonly onLinked: (addresses: readonly string[]) => void;
  readonly log: Logger;
}

/** The links of this gateway: one per shard that is there, and to any other that a seat ticket names. */
export class ShardLinks {
  readonly #options: ShardLinksOptions;
  readonly #links = new Map<string, ShardLink>();
  #here: ReadonlySet<string> = new Set();
  #stopped = false;

  constructor(options: ShardLinksOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#links.size;
  }

  /** Where shards have welcomed this gateway. */
  get linked(): string[] {
    return [...this.#links.values()].filter(({ welcomed }) => welcomed).map(({ address }) => address);
  }

  /** No shard that has welcomed this gateway is heard: not they are gone, but the way to them. */
  get isCutOff(): boolean {
    const welcomed = [...this.#links.values()].filter((link) => link.welcomed);
    return welcomed.length > 0 && welcomed.every(({ suspected }) => suspected);
  }

  /** Shards that are there, and have no working link. */
  get unlinked(): number {
    return [...this.#here].filter((address) => this.#links.get(address)?.welcomed !== true).length;
  }

  /** The shards that the matchmaker knows: a link to each is open before a match needs it, and for its log replicas. */
  keep(addresses: readonly string[]): void {
    this.#here = new Set(addresses.slice(0, this.#options.dependency.bulkhead));
    for (const address of this.#here) this.to(address);
  }

  to(address: string): ShardLink {
    const open = this.#links.get(address);
    if (open) return open;
    noteBuilt([this.#options.dependency]);
    const link: ShardLink = new ShardLink({
      ...this.#options,
      address,
      onWelcome: () => this.#options.onLinked(this.linked),
      onClosed: () => {
        if (this.#links.get(address) === link) this.#links.delete(address);
        if (link.welcomed) this.#options.onLinked(this.linked);
        this.#openAgain(address);
      },
    });
    this.#links.set(address, link);
    return link;
  }

  closeAll(): void {
    this.#stopped = true;
    for (const link of this.#links.values()) link.destroy();
  }

  #openAgain(address: string): void {
    setTimeout(
      () => {
        if (!this.#stopped && this.#here.has(address)) this.to(address);
      },
      backoffMs(this.#options.dependency.backoff, 1),
    ).unref();
  }
}
