// A step of a match, with a note of which line wrote each field last.
import { compiledOf } from "../engine/compiled.ts";
import { SharedStateView } from "../engine/shared-state-view.ts";
import type { Simulation } from "../engine/simulation.ts";
import type { Game, GameContext, GameResult } from "../game.ts";
import { type ForbiddenCall, inWorld } from "./other-world.ts";
import { sourceLineOf } from "./source-line.ts";

export interface StepOutcome {
  /** The match's memory afterwards. */
  readonly memory: Int32Array;
  readonly result: GameResult | undefined;
  /** What the game threw. */
  readonly error: unknown;
  readonly calls: readonly ForbiddenCall[];
  /** Words that `result` has written. */
  readonly writtenByResult: readonly number[];
  /** The line that wrote a word last; undefined if none did. */
  lineOf(word: number): string | undefined;
}

export class RecordedStep {
  readonly #simulation: Simulation;
  readonly #view: SharedStateView;
  readonly #context: GameContext;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    this.#view = new SharedStateView(compiledOf(simulation.game).layout, true);
    this.#context = this.#view.context(simulation.seats, { ...simulation.context.options });
  }

  /** Steps a copy of the match; `other`: in another world. */
  run(other: boolean): StepOutcome {
    const { game, map } = this.#simulation;
    const memory = this.#simulation.memory.slice();
    const writes = new Map<number, Error>();
    const writtenByResult: number[] = [];
    let inResult = false;
    this.#view.enter(
      recording(memory, (word) => {
        writes.set(word, new Error("written"));
        if (inResult) writtenByResult.push(word);
      }),
      map,
    );
    const { value, calls } = inWorld(other, () =>
      attempt(() => {
        this.#step(game);
        inResult = true;
        return game.result(this.#view.state as never, this.#context);
      }),
    );
    return { memory, ...value, calls, writtenByResult, lineOf: (word) => sourceLineOf(writes.get(word)?.stack) };
  }

  #step(game: Game): void {
    game.step(this.#view.state as never, this.#view.inputs as never, this.#context);
  }
}

function attempt(run: () => GameResult | undefined): { result: GameResult | undefined; error: unknown } {
  try {
    return { result: run(), error: undefined };
  } catch (error) {
    return { result: undefined, error };
  }
}

/** The same words; every write is told. */
function recording(memory: Int32Array, onWrite: (word: number) => void): Int32Array {
  return new Proxy(memory, {
    get: (target, key) => Reflect.get(target, key, target) as unknown,
    set(target, key, value) {
      onWrite(Number(key));
      return Reflect.set(target, key, value, target);
    },
  });
}
