// The time limit for turns in a game without a clock.
import type { Simulation } from "@muster/game-kit";

/** If inputs that do not end the turn arrived just as the time expired, the step is repeated without them after this long. */
const AGAIN_MS = 1;

export class TurnClock {
  readonly #simulation: Simulation;
  readonly #onTimeUp: () => void;
  #turn: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(simulation: Simulation, onTimeUp: () => void) {
    this.#simulation = simulation;
    this.#onTimeUp = onTimeUp;
  }

  /** After every step, and at the start. A turn that goes on keeps its time. @returns whether a new one has begun */
  look(): boolean {
    const { turns } = this.#simulation.game;
    if (!turns) return false;
    const turn = turns.of(this.#simulation.state);
    if (turn === this.#turn) return false;
    this.#turn = turn;
    this.#arm(turns.withinMs(this.#simulation.context));
    return true;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#arm(AGAIN_MS);
      this.#onTimeUp();
    }, ms);
  }
}
