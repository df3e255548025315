// Counts the open sockets that have not authenticated yet. Well-behaved clients authenticate within moments; these limits
// keep clients that open sockets and send nothing from using up the capacity for players.

export interface UnauthenticatedLimits {
  readonly max: number;
  readonly perAddressMax: number;
}

export class UnauthenticatedSockets {
  readonly #limits: UnauthenticatedLimits;
  readonly #byAddress = new Map<string, number>();
  #size = 0;

  constructor(limits: UnauthenticatedLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#size;
  }

  /** Why another socket from this address is refused. */
  refusal(address: string): "unauthenticated" | "address" | undefined {
    if ((this.#byAddress.get(address) ?? 0) >= this.#limits.perAddressMax) return "address";
    return this.#size >= this.#limits.max ? "unauthenticated" : undefined;
  }

  add(address: string): void {
    this.#size++;
    this.#byAddress.set(address, (this.#byAddress.get(address) ?? 0) + 1);
  }

  /** The socket has authenticated or closed. */
  remove(address: string): void {
    this.#size--;
    const left = (this.#byAddress.get(address) ?? 1) - 1;
    if (left > 0) this.#byAddress.set(address, left);
    else this.#byAddress.delete(address);
  }
}
