// On the hot path, once per tick: design/realtime/performance.md.
import type { GameContext, GameOptions } from "../game.ts";
import type { GameLayout } from "../schema/game-layout.ts";
import type { Cursor } from "../schema/struct-view.ts";
import type { MemoryMap } from "./memory.ts";
import { Random } from "./random.ts";

/** Most modes use one or two. */
const CONTEXTS_MAX = 256;

/**
 * What a game's functions receive: state, inputs and random generator. All matches of a game share one view and use it one after the
 * other, so that its objects stay in the processor's cache and a match needs little memory besides its words. tools/bench/src/tick.ts
 * measures the gain.
 */
export class SharedStateView {
  readonly state: object;
  readonly random: Random;
  /** By seat: undefined where there is no input. */
  readonly inputs: (object | undefined)[] = [];
  readonly #match: Cursor = { words: new Int32Array(0) };
  readonly #layout: GameLayout;
  readonly #checked: boolean;
  /** By number of seats and seat: the position of an input depends on both. */
  readonly #inputViews: object[] = [];
  readonly #contexts = new Map<string, GameContext>();

  /** `checked`: storing a fraction or an out-of-range value throws. */
  constructor(layout: GameLayout, checked: boolean) {
    this.state = layout.state.viewAt(this.#match, 0, checked);
    this.random = new Random(this.#match, layout.rngAt);
    this.#layout = layout;
    this.#checked = checked;
  }

  /** One for all matches with the same seats and options. */
  context(seats: number, options: GameOptions): GameContext {
    const key = JSON.stringify([seats, options]);
    let context = this.#contexts.get(key);
    if (!context) {
      if (this.#contexts.size >= CONTEXTS_MAX) this.#contexts.clear();
      context = Object.freeze({ seats, options: Object.freeze(options), random: this.random });
      this.#contexts.set(key, context);
    }
    return context;
  }

  /** Switches the view to this match. */
  enter(memory: Int32Array, map: MemoryMap): void {
    const { seats } = map;
    this.#match.words = memory;
    if (this.inputs.length !== seats) this.inputs.length = seats;
    for (let seat = 0; seat < seats; seat++)
      this.inputs[seat] = memory[map.hasInputAt(seat)] === 1 ? this.#inputView(seat, map) : undefined;
  }

  #inputView(seat: number, map: MemoryMap): object {
    const key = (map.seats - 1) * map.seats + seat;
    return (this.#inputViews[key] ??= this.#layout.input.viewAt(this.#match, map.inputAt(seat), this.#checked));
  }
}
