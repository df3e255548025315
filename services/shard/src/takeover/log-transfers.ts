// Collects the logs of one match from its gateways and decides when enough have arrived. No I/O, no clock: the model test of
// the whole protocol uses this class.

export interface LogTransfer {
  readonly gatewayId: string;
  readonly ticks: number;
  /** Low 16 bits of the state hash after the last record. */
  readonly checksum: number;
  /** The gateways that have the log, as far as this one was told. */
  readonly replicas: readonly string[];
  readonly log: Uint8Array;
  /** Empty when it has none. */
  readonly keyframe: Uint8Array;
}

export class LogTransfers {
  readonly #present: Set<string>;
  readonly #byGateway = new Map<string, LogTransfer>();

  /** `present`: the gateways that are connected to the matchmaker. */
  constructor(present: Iterable<string>) {
    this.#present = new Set(present);
  }

  get size(): number {
    return this.#byGateway.size;
  }

  add(transfer: LogTransfer): void {
    this.#byGateway.set(transfer.gatewayId, transfer);
  }

  /** It transfers nothing any more; what it has transferred stays. */
  gone(gatewayId: string): void {
    this.#present.delete(gatewayId);
  }

  /** Every gateway that any of the logs names as a replica has transferred its own, or is gone. */
  get complete(): boolean {
    if (this.#byGateway.size === 0) return false;
    for (const { replicas } of this.#byGateway.values())
      for (const replica of replicas) if (this.#present.has(replica) && !this.#byGateway.has(replica)) return false;
    return true;
  }

  /** Longest first: the first one has everything that any player has seen. */
  get ranked(): LogTransfer[] {
    return [...this.#byGateway.values()].sort((a, b) => b.ticks - a.ticks);
  }

  /** Records by gateway. */
  get recordsByGateway(): ReadonlyMap<string, number> {
    return new Map([...this.#byGateway].map(([gatewayId, { ticks }]) => [gatewayId, ticks]));
  }
}
