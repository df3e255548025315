// Numbered messages that say which players are connected. A client that was disconnected itself receives those that it missed
// and ignores those that it already has. Only the newest message about each seat counts.

export interface SeatStatus {
  readonly seat: number;
  readonly connected: boolean;
  readonly graceMs: number;
}

/** Numbers per epoch: those of a later shard are always higher. */
const SEQS_PER_EPOCH = 65_536;

export class SeatStatuses {
  readonly #newest = new Map<number, { readonly matchSeq: number; readonly status: SeatStatus }>();
  #seq: number;

  constructor(epoch: number) {
    this.#seq = (Math.max(0, epoch - 1) % SEQS_PER_EPOCH) * SEQS_PER_EPOCH;
  }

  /** A number for a message of the match. */
  next(): number {
    return ++this.#seq;
  }

  /** @returns its number. */
  tell(status: SeatStatus): number {
    const matchSeq = this.next();
    this.#newest.set(status.seat, { matchSeq, status });
    return matchSeq;
  }

  /** What a client that has had everything up to `seq` has missed, of the other seats, oldest first. */
  after(seq: number, ownSeat: number): { readonly matchSeq: number; readonly status: SeatStatus }[] {
    return [...this.#newest.values()]
      .filter(({ matchSeq, status }) => matchSeq > seq && status.seat !== ownSeat)
      .sort((a, b) => a.matchSeq - b.matchSeq);
  }
}
