// The logs of one match that come in from its gateways, and when enough of them are here. No I/O, no clock: the model
// test of the whole protocol drives this very class.

export interface Handover {
  readonly gatewayId: string;
  readonly ticks: number;
  /** Low 16 bits of the state hash after the last record. */
  readonly check: number;
  /** Who holds the log, as far as this gateway was told. */
  readonly holders: readonly string[];
  readonly log: Uint8Array;
  /** Empty when it has none. */
  readonly keyframe: Uint8Array;
}

export class Handovers {
  readonly #present: Set<string>;
  readonly #byGateway = new Map<string, Handover>();

  /** `present`: the gateways that are there at all. */
  constructor(present: Iterable<string>) {
    this.#present = new Set(present);
  }

  get size(): number {
    return this.#byGateway.size;
  }

  add(handover: Handover): void {
    this.#byGateway.set(handover.gatewayId, handover);
  }

  /** It will hand nothing over any more; what it has handed over stays. */
  gone(gatewayId: string): void {
    this.#present.delete(gatewayId);
  }

  /** Every holder that any log names has handed over, or is not there. */
  get complete(): boolean {
    if (this.#byGateway.size === 0) return false;
    for (const { holders } of this.#byGateway.values())
      for (const holder of holders) if (this.#present.has(holder) && !this.#byGateway.has(holder)) return false;
    return true;
  }

  /** Longest first: what any player has seen is in the first of them. */
  get ranked(): Handover[] {
    return [...this.#byGateway.values()].sort((a, b) => b.ticks - a.ticks);
  }

  /** Records by gateway. */
  get held(): ReadonlyMap<string, number> {
    return new Map([...this.#byGateway].map(([gatewayId, { ticks }]) => [gatewayId, ticks]));
  }
}
