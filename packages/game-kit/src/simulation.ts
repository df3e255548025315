import { type Game, type GameContext, type GameOptions, type GameResult, optionsFor } from "./game.ts";
import { type InputCodec, inputCodecOf } from "./input.ts";
import { type Cursor, type Layout, layoutOf } from "./layout.ts";
import { prefetchWords } from "./prefetch.ts";
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
  readonly inputLayout: Layout<Fields>;
  readonly stage: Stage;
}

const compiled = new WeakMap<object, Compiled>();

/** Layouts are compiled once per game, not once per match. */
export function compiledOf(game: Game): Compiled {
  let found = compiled.get(game);
  if (!found) {
    const layout = layoutOf({ kit: { kind: "list", length: 1, fields: KIT_FIELDS }, ...game.state }) as Layout<Fields>;
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
class Stage {
  readonly state: object;
  readonly random: Random;
  /** By seat: undefined where there is no input. */
  readonly inputs: (object | undefined)[] = [];
  readonly #state: Cursor = { words: NO_WORDS };
  readonly #input: Cursor = { words: NO_WORDS };
  readonly #inputLayout: Layout<Fields>;
  readonly #inputViews: object[] = [];
  readonly #checked: boolean;

  constructor(layout: Layout<Fields>, inputLayout: Layout<Fields>, checked: boolean) {
    this.state = layout.viewAt(this.#state, 0, checked);
    this.random = new Random(
      this.#state,
      layout.slots.findIndex((slot) => slot.path === "kit[0].rng"),
    );
    this.#inputLayout = inputLayout;
    this.#checked = checked;
  }

  /** `inputs`: by seat 1 or 0, whether there is an input; then the inputs' words, seat by seat. */
  enter(words: Int32Array, inputs: Int32Array, seats: number): void {
    this.#state.words = words;
    this.#input.words = inputs;
    if (this.inputs.length !== seats) this.inputs.length = seats;
    for (let seat = 0; seat < seats; seat++)
      this.inputs[seat] = inputs[seat] === 1 ? this.#inputView(seat, seats) : undefined;
  }

  /** Views depend on how many seats there are: where the words of a seat begin. */
  #inputView(seat: number, seats: number): object {
    const key = (seats - 1) * seats + seat;
    return (this.#inputViews[key] ??= this.#inputLayout.viewAt(
      this.#input,
      seats + seat * this.#inputLayout.words,
      this.#checked,
    ));
  }
}

const NO_WORDS = new Int32Array(0);

/**
 * One match of a game. Pure: the same game, setup and inputs give the same words after every step, on every machine.
 */
export class Simulation<S extends Fields = Fields, I extends Fields = Fields> {
  readonly words: Int32Array;
  /** Steps done. */
  tick = 0;
  readonly game: Game<S, I>;
  readonly layout: Layout<Fields>;
  readonly input: InputCodec<I>;
  readonly #context: GameContext;
  readonly #stage: Stage;
  /** By seat 1 or 0; then their words. */
  readonly #inputs: Int32Array;
  #state: StateOf<S> | undefined;
  readonly #checked: boolean;

  constructor(game: Game<S, I>, setup: SimulationSetup) {
    const { seats, checked = false } = setup;
    if (seats < game.seatsMin || seats > game.seatsMax) throw new RangeError(`${game.id} is not for ${seats} seats`);
    const { layout, input, inputLayout, stage } = compiledOf(game as unknown as Game);
    this.game = game;
    this.layout = layout;
    this.input = input as unknown as InputCodec<I>;
    this.words = new Int32Array(layout.words);
    this.#inputs = new Int32Array(seats * (1 + this.input.words));
    this.#checked = checked;
    this.#stage = checked ? new Stage(layout, inputLayout, true) : stage;
    this.#context = { seats, options: optionsFor(game, setup.options), random: this.#stage.random };
    this.#enter().random.seed(setup.seed);
    game.init(this.#stage.state as StateOf<S>, this.#context);
  }

  get seats(): number {
    return this.#context.seats;
  }

  /** A live view, of this match alone. */
  get state(): StateOf<S> {
    return (this.#state ??= this.layout.view(this.words, 0, this.#checked) as unknown as StateOf<S>);
  }

  get context(): Pick<GameContext, "seats" | "options"> {
    return this.#context;
  }

  /** Sets a seat's input for the next step, and for later ones when the game holds inputs. @throws MalformedBitsError */
  setInput(seat: number, bytes: Uint8Array): void {
    this.input.decode(bytes, this.#inputs, 0, bytes.length, this.seats + seat * this.input.words);
    this.#inputs[seat] = 1;
  }

  /** As setInput, with an input that is decoded already: the words from `at` on. */
  setInputWords(seat: number, words: Int32Array, at = 0): void {
    const inputs = this.#inputs;
    const each = this.input.words;
    const to = this.#context.seats + seat * each;
    for (let i = 0; i < each; i++) inputs[to + i] = words[at + i] as number; // few: cheaper than set()
    inputs[seat] = 1;
  }

  /** A seat that is gone sends nothing any more, held or not. */
  clearInput(seat: number): void {
    this.#inputs[seat] = 0;
  }

  step(): GameResult | undefined {
    const { game } = this;
    const stage = this.#enter();
    game.step(stage.state as StateOf<S>, stage.inputs as (StateOf<I> | undefined)[], this.#context);
    this.tick++;
    this.spendInputs();
    return game.result(stage.state as StateOf<S>, this.#context);
  }

  /** See prefetch.ts. */
  prefetch(): number {
    return prefetchWords(this.words) + (this.#inputs[0] as number) + this.#context.seats;
  }

  /** What a step does with inputs that count once. */
  spendInputs(): void {
    if (this.game.inputMode === "event") this.#inputs.fill(0, 0, this.#context.seats);
  }

  /** To a state that is known; the inputs stay. */
  goTo(words: Int32Array, tick: number): void {
    this.words.set(words);
    this.tick = tick;
  }

  forfeit(left: readonly boolean[]): GameResult {
    return this.game.forfeit(this.#enter().state as StateOf<S>, left, this.#context);
  }

  #enter(): Stage {
    this.#stage.enter(this.words, this.#inputs, this.#context.seats);
    return this.#stage;
  }

  /**
   * For a game that conceals: a function that fills `into` with what one viewer may see, a seat or undefined for a
   * spectator. The kit's own fields are blanked for everyone: who knows the generator knows the future.
   */
  blanker(into: Int32Array): (viewer: number | undefined) => void {
    const view = this.layout.view(into, 0, false) as unknown as StateOf<S> & { kit: readonly { rng: number }[] };
    return (viewer) => {
      into.set(this.words);
      for (const own of view.kit) own.rng = 0;
      this.game.conceal?.(view, viewer, this.#context);
    };
  }

  /** Copies of the inputs that hold now, by seat. */
  heldInputs(): (Int32Array | undefined)[] {
    const each = this.input.words;
    return Array.from({ length: this.seats }, (_, seat) => {
      const at = this.seats + seat * each;
      return this.#inputs[seat] === 1 ? this.#inputs.slice(at, at + each) : undefined;
    });
  }

  /** Back to a state that was kept. */
  restore(words: Int32Array, tick: number, inputs: readonly (Int32Array | undefined)[]): void {
    this.goTo(words, tick);
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
