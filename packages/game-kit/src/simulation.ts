import { type Game, type GameContext, type GameOptions, type GameResult, optionsFor } from "./game.ts";
import { type InputCodec, inputCodecOf } from "./input.ts";
import { type Layout, layoutOf } from "./layout.ts";
import { Random } from "./random.ts";
import { type Fields, type StateOf, uint } from "./schema.ts";

export interface SimulationSetup {
  readonly seed: number;
  readonly seats: number;
  readonly options: GameOptions;
  /** In tests: a game that stores a fraction or an out-of-range value throws where it does so. */
  readonly checked?: boolean;
}

/** What the kit keeps in every state beside the game's own fields. */
const KIT_FIELDS = { rng: uint(32) } as const;

interface Compiled {
  readonly layout: Layout<Fields>;
  readonly input: InputCodec<Fields>;
}

const compiled = new WeakMap<object, Compiled>();

/** Layouts are compiled once per game, not once per match. */
export function compiledOf(game: Game): Compiled {
  let found = compiled.get(game);
  if (!found) {
    found = {
      layout: layoutOf({ kit: { kind: "list", length: 1, fields: KIT_FIELDS }, ...game.state }),
      input: inputCodecOf(game.input),
    };
    compiled.set(game, found);
  }
  return found;
}

/**
 * One match of a game. Pure: the same game, setup and inputs give the same words after every step, on every machine.
 */
export class Simulation<S extends Fields = Fields, I extends Fields = Fields> {
  readonly game: Game<S, I>;
  readonly layout: Layout<Fields>;
  readonly words: Int32Array;
  readonly state: StateOf<S>;
  readonly input: InputCodec<I>;
  /** Steps done. */
  tick = 0;
  readonly #context: GameContext;
  readonly #inputs: (StateOf<I> | undefined)[];
  readonly #inputViews: StateOf<I>[];
  readonly #inputWords: Int32Array[];

  constructor(game: Game<S, I>, setup: SimulationSetup) {
    if (setup.seats < game.seatsMin || setup.seats > game.seatsMax)
      throw new RangeError(`${game.id} is not for ${setup.seats} seats`);
    const { layout, input } = compiledOf(game as unknown as Game);
    this.game = game;
    this.layout = layout;
    this.input = input as unknown as InputCodec<I>;
    this.words = new Int32Array(layout.words);
    const view = layout.view(this.words, 0, setup.checked ?? false) as unknown as StateOf<S> & {
      kit: readonly { rng: number }[];
    };
    this.state = view;
    const random = new Random(
      this.words,
      layout.slots.findIndex((slot) => slot.path === "kit[0].rng"),
    );
    random.seed(setup.seed);
    this.#context = { seats: setup.seats, options: optionsFor(game, setup.options), random };
    this.#inputWords = Array.from({ length: setup.seats }, () => new Int32Array(this.input.words));
    this.#inputViews = this.#inputWords.map((words) => this.input.view(words));
    this.#inputs = Array.from({ length: setup.seats }, () => undefined);
    game.init(this.state, this.#context);
  }

  get seats(): number {
    return this.#context.seats;
  }

  /** Sets a seat's input for the next step, and for later ones when the game holds inputs. @throws MalformedBitsError */
  setInput(seat: number, bytes: Uint8Array): void {
    this.input.decode(bytes, this.#inputWords[seat] as Int32Array);
    this.#inputs[seat] = this.#inputViews[seat];
  }

  /** As setInput, with an input that is decoded already. */
  setInputWords(seat: number, words: Int32Array): void {
    (this.#inputWords[seat] as Int32Array).set(words);
    this.#inputs[seat] = this.#inputViews[seat];
  }

  /** A seat that is gone sends nothing any more, held or not. */
  clearInput(seat: number): void {
    this.#inputs[seat] = undefined;
  }

  step(): GameResult | undefined {
    this.game.step(this.state, this.#inputs, this.#context);
    this.tick++;
    if (this.game.inputMode === "event") this.#inputs.fill(undefined);
    return this.game.result(this.state, this.#context);
  }

  forfeit(left: readonly boolean[]): GameResult {
    return this.game.forfeit(this.state, left, this.#context);
  }

  /** Copies of the inputs that hold now, by seat. */
  heldInputs(): (Int32Array | undefined)[] {
    return this.#inputs.map((held, seat) => held && (this.#inputWords[seat] as Int32Array).slice());
  }

  /** Back to a state that was kept. */
  restore(words: Int32Array, tick: number, inputs: readonly (Int32Array | undefined)[]): void {
    this.words.set(words);
    this.tick = tick;
    inputs.forEach((held, seat) => (held ? this.setInputWords(seat, held) : this.clearInput(seat)));
  }

  /** MurmurHash3 x86_32 (A. Appleby) over the words and the tick, as 8 hexadecimal digits. */
  hash(): string {
    return hashWords(this.words, this.tick);
  }

  /** The low 16 bits of the hash, as a number: enough to notice that two simulations have parted. */
  check(): number {
    return hashNumber(this.words, this.tick) & 0xffff;
  }
}

export function hashWords(words: Int32Array, tick: number): string {
  return hashNumber(words, tick).toString(16).padStart(8, "0");
}

function hashNumber(words: Int32Array, tick: number): number {
  let h = 0;
  for (let i = 0; i <= words.length; i++) {
    let k = i < words.length ? (words[i] as number) : tick;
    k = Math.imul(k, 0xcc9e2d51);
    k = (k << 15) | (k >>> 17);
    h ^= Math.imul(k, 0x1b873593);
    h = (h << 13) | (h >>> 19);
    h = (Math.imul(h, 5) + 0xe6546b64) | 0;
  }
  h ^= (words.length + 1) * 4;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
