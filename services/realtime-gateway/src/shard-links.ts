import type { Logger } from "@muster/log";
import type { FanoutMetrics } from "./fanout.ts";
import { ShardLink } from "./shard-link.ts";

export interface ShardLinksOptions {
  readonly gatewayId: string;
  readonly linkKey: Buffer;
  readonly metrics: FanoutMetrics;
  readonly log: Logger;
}

/** The links of this gateway, one per shard, opened when first needed. */
export class ShardLinks {
  readonly #options: ShardLinksOptions;
  readonly #links = new Map<string, ShardLink>();

  constructor(options: ShardLinksOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#links.size;
  }

  to(address: string): ShardLink {
    const open = this.#links.get(address);
    if (open) return open;
    const link: ShardLink = new ShardLink({
      ...this.#options,
      address,
      onClosed: () => {
        if (this.#links.get(address) === link) this.#links.delete(address);
      },
    });
    this.#links.set(address, link);
    return link;
  }

  closeAll(): void {
    for (const link of this.#links.values()) link.destroy();
  }
}
