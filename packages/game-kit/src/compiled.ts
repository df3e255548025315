// What is made of a game once, however many matches there are of it.
import type { Game, GameContext, GameOptions } from "./game.ts";
import { type InputCodec, inputCodecOf } from "./input.ts";
import { type Cursor, type Layout, layoutOf } from "./layout.ts";
import { Random } from "./random.ts";
import { type Fields, uint } from "./schema.ts";

/** What the kit keeps in every state beside the game's own fields. */
const KIT_FIELDS = { rng: uint(32) } as const;

/** A mode has one or two. */
const CONTEXTS_MAX = 256;

/** @throws RangeError for a game that takes the kit's name */
export function stateFieldsOf(game: Game): Fields {
  if (Object.hasOwn(game.state, "kit")) throw new RangeError(`${game.id}: the name kit is the kit's own`);
  return { kit: { kind: "list", length: 1, fields: KIT_FIELDS }, ...game.state };
}

export interface Compiled {
  readonly layout: Layout<Fields>;
  readonly input: InputCodec<Fields>;
  readonly inputLayout: Layout<Fields>;
  readonly stage: Stage;
}

const compiled = new WeakMap<object, Compiled>();

export function compiledOf(game: Game): Compiled {
  let found = compiled.get(game);
  if (!found) {
    const layout = layoutOf(stateFieldsOf(game));
    const inputLayout = layoutOf(game.input);
    found = { layout, input: inputCodecOf(game.input), inputLayout, stage: new Stage(layout, inputLayout, false) };
    compiled.set(game, found);
  }
  return found;
}

/**
 * What a game's functions see. All matches of a game take turns on one stage, so that what it consists of stays in the
 * processor's cache, and a match is little more than its words. tools/bench/src/tick.ts measures what that is worth.
 */
export class Stage {
  readonly state: object;
  readonly random: Random;
  /** By seat: undefined where there is no input. */
  readonly inputs: (object | undefined)[] = [];
  readonly #match: Cursor = { words: new Int32Array(0) };
  readonly #inputsAt: number;
  readonly #inputLayout: Layout<Fields>;
  readonly #inputViews: object[] = [];
  readonly #checked: boolean;
  readonly #contexts = new Map<string, GameContext>();

  constructor(layout: Layout<Fields>, inputLayout: Layout<Fields>, checked: boolean) {
    this.state = layout.viewAt(this.#match, 0, checked);
    this.random = new Random(
      this.#match,
      layout.slots.findIndex((slot) => slot.path === "kit[0].rng"),
    );
    this.#inputsAt = layout.words;
    this.#inputLayout = inputLayout;
    this.#checked = checked;
  }

  /** One for all matches of the same seats and options. */
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

  /** `words`: the state; by seat 1 or 0, whether there is an input; then the inputs' words, seat by seat. */
  enter(words: Int32Array, seats: number): void {
    this.#match.words = words;
    if (this.inputs.length !== seats) this.inputs.length = seats;
    for (let seat = 0; seat < seats; seat++)
      this.inputs[seat] = words[this.#inputsAt + seat] === 1 ? this.#inputView(seat, seats) : undefined;
  }

  /** Views depend on how many seats there are: where the words of a seat begin. */
  #inputView(seat: number, seats: number): object {
    const key = (seats - 1) * seats + seat;
    return (this.#inputViews[key] ??= this.#inputLayout.viewAt(
      this.#match,
      this.#inputsAt + seats + seat * this.#inputLayout.words,
      this.#checked,
    ));
  }
}
