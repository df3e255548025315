// What leaves the shard of a match's state. Where the game conceals nothing, all see one and the same: one encode per
// tick. Where it does, each seat has a view of its own, blanked before it is encoded, and spectators have another.
import { BitWriter, type Simulation, SnapshotEncoder } from "@muster/game-kit";
import { PUBLIC_VIEW } from "@muster/realtime";

/** Of all matches that conceal nothing: their frames are copied to the links before the next one is made. */
const sharedWriter = new BitWriter(1024);

export class Views {
  /** All see the same. */
  readonly shared: boolean;
  readonly #simulation: Simulation;
  readonly #acks: Uint32Array;
  readonly #encoders: readonly SnapshotEncoder[];
  /** By view: the tick that its next delta is against. One that nobody follows falls behind, until its next keyframe. */
  readonly #bases: number[];
  /** A copy of the state, blanked for one viewer after the other. */
  readonly #blanked: Int32Array;
  readonly #blank: (viewer: number | undefined) => void;

  /** `acks`: by seat, kept up to date by the owner. */
  constructor(simulation: Simulation, acks: Uint32Array) {
    const { game, layout, seats } = simulation;
    this.shared = !game.conceal;
    this.#simulation = simulation;
    this.#acks = acks;
    this.#blanked = this.shared ? simulation.words : new Int32Array(layout.words);
    this.#encoders = this.shared
      ? [new SnapshotEncoder(layout, seats, sharedWriter)]
      : Array.from({ length: seats + 1 }, () => new SnapshotEncoder(layout, seats));
    this.#blank = this.shared ? () => undefined : simulation.blanker(this.#blanked);
    this.#bases = this.#encoders.map(() => -1);
    for (const view of this.#encoders.keys()) this.#rebase(view);
  }

  /** Of the public view. See game-kit's prefetch.ts. */
  prefetch(): number {
    return (this.#encoders[PUBLIC_VIEW] as SnapshotEncoder).prefetch() + (this.#bases[PUBLIC_VIEW] as number);
  }

  /** By number: what a seat is shown. */
  of(seat: number): number {
    return this.shared ? PUBLIC_VIEW : seat + 1;
  }

  /** From the tick before to this one, for those who have had a keyframe and every delta since. Valid until the next call. */
  delta(view: number): Uint8Array {
    const encoder = this.#encoders[view] as SnapshotEncoder;
    this.#bases[view] = this.#simulation.tick;
    return encoder.delta(this.#simulation.tick, this.#seenBy(view), this.#acks);
  }

  /** Valid until the next call. Fits the next delta. */
  keyframe(view: number): Uint8Array {
    if (this.#bases[view] !== this.#simulation.tick) this.#rebase(view);
    const encoder = this.#encoders[view] as SnapshotEncoder;
    return encoder.keyframe(this.#simulation.tick, this.#seenBy(view), this.#acks);
  }

  #rebase(view: number): void {
    this.#bases[view] = this.#simulation.tick;
    (this.#encoders[view] as SnapshotEncoder).rebase(this.#seenBy(view), this.#acks);
  }

  #seenBy(view: number): Int32Array {
    if (!this.shared) this.#blank(view === PUBLIC_VIEW ? undefined : view - 1);
    return this.#blanked;
  }
}
