// The game of the scripted server: small, with every kind of field, and frames that a script writes.
import {
  descriptionOf,
  flag,
  type Game,
  type GameDescription,
  int,
  list,
  Simulation,
  SnapshotEncoder,
  uint,
} from "@muster/game-kit";

const STATE = {
  clock: uint(16, { countsDown: true }),
  running: flag(),
  ships: list(2, { v: int(8), x: uint(16, { movesBy: "v" }), hit: flag() }),
};
const INPUT = { left: flag(), fire: flag(), aim: uint(7) };

export const SCRIPTED_GAME: Game<typeof STATE, typeof INPUT> = {
  id: "conformance",
  buildId: "conformance-1",
  tickRate: 30,
  seatsMin: 2,
  seatsMax: 2,
  state: STATE,
  input: INPUT,
  inputMode: "held",
  options: { rounds: { default: 1, min: 1, max: 9 } },
  init: () => undefined,
  step: () => undefined,
  result: () => undefined,
  forfeit: () => ({ seats: [] }),
};

export const DESCRIPTION: GameDescription = descriptionOf(SCRIPTED_GAME as unknown as Game);

export interface Seen {
  readonly tick: number;
  readonly acks: readonly number[];
  readonly hash: string;
}

/** The frames of a match, one after the other. */
export class ScriptedMatch {
  readonly #simulation = new Simulation(SCRIPTED_GAME as unknown as Game, { seed: 7, seats: 2, options: {} });
  readonly #encoder = new SnapshotEncoder(this.#simulation.layout, 2);
  readonly #acks = new Uint32Array(2);

  constructor() {
    const state = this.#state;
    Object.assign(state, { clock: 900, running: true });
    Object.assign(state.ships[0] as object, { v: 3, x: 65_530 });
    Object.assign(state.ships[1] as object, { v: -100, x: 20 });
  }

  get #state(): { clock: number; running: boolean; ships: { v: number; x: number; hit: boolean }[] } {
    return this.#simulation.state as never;
  }

  keyframe(): Uint8Array {
    const { words, tick } = this.#simulation;
    const frame = this.#encoder.keyframe(tick, words, this.#acks).slice();
    this.#encoder.rebase(words, this.#acks);
    return frame;
  }

  /** The next tick. `ack`: of seat 0. */
  delta(ack?: number): Uint8Array {
    const { ships } = this.#state;
    const tick = ++this.#simulation.tick;
    this.#state.clock = Math.max(0, this.#state.clock - (tick % 4 === 0 ? 2 : 1));
    for (const ship of ships) {
      if (tick % 3 === 0) ship.v = tick % 2 === 0 ? 90 : -7;
      ship.x = (ship.x + ship.v + 65_536) % 65_536;
      ship.hit = tick % 5 === 0;
    }
    if (ack !== undefined) this.#acks[0] = ack;
    return this.#encoder.delta(tick, this.#simulation.words, this.#acks).slice();
  }

  get seen(): Seen {
    return { tick: this.#simulation.tick, acks: [...this.#acks], hash: this.#simulation.hash() };
  }
}
