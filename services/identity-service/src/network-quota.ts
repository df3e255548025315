// Limits what one network may do with however many accounts: a guest account costs nothing to create, and each has quotas of its own
// elsewhere.
import { type Bounded, BoundedMap } from "@muster/runtime";
import { fail } from "./errors.ts";

export interface NetworkQuotaOptions {
  /** At once, after a time without any. */
  readonly burstMax: number;
  /** After that, per minute. */
  readonly perMin: number;
  /** Of these errors. */
  readonly code: "too_many_accounts" | "too_many_reports";
  readonly now: () => Date;
}

/** Networks that are remembered. */
const NETWORKS_MAX = 100_000;

export class NetworkQuota implements Bounded {
  readonly #options: NetworkQuotaOptions;
  /** By network. */
  readonly #buckets = new BoundedMap<string, { left: number; at: number }>(NETWORKS_MAX);

  constructor(options: NetworkQuotaOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#buckets.size;
  }

  get evictions(): number {
    return this.#buckets.evictions;
  }

  /** Counts one more of a network. @throws AppError `code`, with details.retryAfterS */
  take(network: string): void {
    if (network === "") return; // a caller inside
    const { burstMax, perMin, code } = this.#options;
    const at = this.#options.now().getTime();
    const before = this.#buckets.get(network) ?? { left: burstMax, at };
    const left = Math.min(burstMax, before.left + (Math.max(0, at - before.at) / 60_000) * perMin);
    this.#buckets.set(network, { left: left >= 1 ? left - 1 : left, at });
    if (left < 1) throw fail(code, { details: { retryAfterS: Math.ceil(((1 - left) * 60) / perMin) } });
  }
}
