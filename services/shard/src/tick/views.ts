// On the hot path, once per tick: design/realtime/performance.md.
//
// What is sent of a match's state. If the game redacts nothing, everybody gets the same frame: one encode per tick. If it
// does, each seat has a view of its own, redacted before it is encoded, and spectators have another one.
import {
  BitWriter,
  type Fields,
  FrameWriter,
  type InputRecords,
  type Layout,
  memoryMapOf,
  type Simulation,
  SnapshotEncoder,
} from "@muster/game-kit";
import { PUBLIC_VIEW } from "@muster/realtime";

export interface Views {
  /** All see the same. */
  readonly shared: boolean;
  /** By number: what a seat is shown. */
  of(seat: number): number;
  /** Before a tick changes anything. */
  begin(): void;
  /** From the tick before to this one, for those who have had a keyframe and every delta since. Valid until the next call. */
  delta(view: number): Uint8Array;
  /** Valid until the next call. Fits the next delta. */
  keyframe(view: number): Uint8Array;
}

/** `records`: they know what is acknowledged. */
export function viewsOf(simulation: Simulation, records: InputRecords): Views {
  return simulation.game.redact ? new OwnViews(simulation, records) : new SharedView(simulation, records);
}

/** Shared by all matches of a game that redacts nothing: one tick is encoded, copied to the links and forgotten before the next. */
interface EncodeScratch {
  readonly frames: FrameWriter;
  /** Before the tick that is being made: a match's memory, the state first, and what was acknowledged; and what is now. */
  readonly words: Int32Array;
  readonly before: Uint32Array;
  readonly acks: Uint32Array;
}

const scratches = new WeakMap<Layout<Fields>, EncodeScratch>();

function scratchOf({ layout, game }: Simulation): EncodeScratch {
  let scratch = scratches.get(layout);
  if (!scratch) {
    scratch = {
      frames: new FrameWriter(layout, new BitWriter(1024)),
      words: new Int32Array(memoryMapOf(game, game.seatsMax).words),
      before: new Uint32Array(game.seatsMax),
      acks: new Uint32Array(game.seatsMax),
    };
    scratches.set(layout, scratch);
  }
  return scratch;
}

/**
 * Everybody has had the state before a tick, so a match need not remember what was sent: it is copied to the scratch memory, and
 * nothing of a match's own is read or written for it.
 */
class SharedView implements Views {
  readonly shared = true;
  readonly #simulation: Simulation;
  readonly #records: InputRecords;
  readonly #scratch: EncodeScratch;

  constructor(simulation: Simulation, records: InputRecords) {
    this.#simulation = simulation;
    this.#records = records;
    this.#scratch = scratchOf(simulation);
  }

  of(): number {
    return PUBLIC_VIEW;
  }

  begin(): void {
    const { words, before } = this.#scratch;
    words.set(this.#simulation.memory);
    this.#records.copySeqs(before);
  }

  delta(): Uint8Array {
    const { frames, words, before, acks } = this.#scratch;
    const { tick, memory, seats } = this.#simulation;
    this.#records.copySeqs(acks);
    return frames.delta(tick, words, before, memory, acks, seats);
  }

  keyframe(): Uint8Array {
    const { frames, acks } = this.#scratch;
    const { tick, memory, seats } = this.#simulation;
    this.#records.copySeqs(acks);
    return frames.keyframe(tick, memory, acks, seats);
  }
}

class OwnViews implements Views {
  readonly shared = false;
  readonly #simulation: Simulation;
  readonly #records: InputRecords;
  readonly #acks: Uint32Array;
  readonly #encoders: readonly SnapshotEncoder[];
  /** By view: the tick that its next delta is against. One that nobody follows falls behind, until its next keyframe. */
  readonly #bases: number[];
  /** A copy of the state, redacted for one viewer after the other. */
  readonly #redacted: Int32Array;
  readonly #redact: (viewer: number | undefined) => void;

  constructor(simulation: Simulation, records: InputRecords) {
    const { layout, seats } = simulation;
    this.#simulation = simulation;
    this.#records = records;
    this.#acks = new Uint32Array(seats);
    this.#redacted = new Int32Array(layout.words);
    this.#encoders = Array.from({ length: seats + 1 }, () => new SnapshotEncoder(layout, seats));
    this.#redact = simulation.redactor(this.#redacted);
    this.#bases = this.#encoders.map(() => -1);
    for (const view of this.#encoders.keys()) this.#rebase(view);
  }

  of(seat: number): number {
    return seat + 1;
  }

  begin(): void {
    // Each encoder remembers what it sent.
  }

  delta(view: number): Uint8Array {
    const encoder = this.#encoders[view] as SnapshotEncoder;
    this.#bases[view] = this.#simulation.tick;
    return encoder.delta(this.#simulation.tick, this.#seenBy(view), this.#acks);
  }

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
    this.#records.copySeqs(this.#acks);
    this.#redact(view === PUBLIC_VIEW ? undefined : view - 1);
    return this.#redacted;
  }
}
