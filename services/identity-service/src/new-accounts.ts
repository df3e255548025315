// Limits how many accounts one address may create: a guest account costs nothing to create, and each has quotas of its own
// elsewhere.
import { type Bounded, BoundedMap } from "@muster/runtime";
import { fail } from "./errors.ts";

export interface NewAccountsOptions {
  /** At once, after a time without any. */
  readonly burstMax: number;
  /** After that, per minute. */
  readonly perMin: number;
  readonly now: () => Date;
}

/** Networks that are remembered. */
const NETWORKS_MAX = 100_000;

export class NewAccounts {
  readonly #options: NewAccountsOptions;
  /** By network. */
  readonly #buckets = new BoundedMap<string, { left: number; at: number }>(NETWORKS_MAX);

  constructor(options: NewAccountsOptions) {
    this.#options = options;
  }

  get bounded(): Readonly<Record<string, Bounded>> {
    return { newAccountNetworks: this.#buckets };
  }

  /** Counts one more of a network. @throws AppError too_many_accounts, with details.retryAfterS */
  take(network: string): void {
    if (network === "") return; // a caller inside
    const { burstMax, perMin } = this.#options;
    const at = this.#options.now().getTime();
    const before = this.#buckets.get(network) ?? { left: burstMax, at };
    const left = Math.min(burstMax, before.left + (Math.max(0, at - before.at) / 60_000) * perMin);
    this.#buckets.set(network, { left: left >= 1 ? left - 1 : left, at });
    if (left < 1) throw fail("too_many_accounts", { details: { retryAfterS: Math.ceil(((1 - left) * 60) / perMin) } });
  }
}
