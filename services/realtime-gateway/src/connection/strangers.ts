// Sockets whose player is not known yet. They are few for moments where all is well; whoever opens sockets and says nothing
// must not take the places of those who play.

export interface StrangersLimits {
  readonly max: number;
  readonly perAddressMax: number;
}

export class Strangers {
  readonly #limits: StrangersLimits;
  readonly #byAddress = new Map<string, number>();
  #size = 0;

  constructor(limits: StrangersLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#size;
  }

  /** Why one more from there is not welcome. */
  refusal(address: string): "strangers" | "address" | undefined {
    if ((this.#byAddress.get(address) ?? 0) >= this.#limits.perAddressMax) return "address";
    return this.#size >= this.#limits.max ? "strangers" : undefined;
  }

  add(address: string): void {
    this.#size++;
    this.#byAddress.set(address, (this.#byAddress.get(address) ?? 0) + 1);
  }

  /** It is known now, or gone. */
  remove(address: string): void {
    this.#size--;
    const left = (this.#byAddress.get(address) ?? 1) - 1;
    if (left > 0) this.#byAddress.set(address, left);
    else this.#byAddress.delete(address);
  }
}
