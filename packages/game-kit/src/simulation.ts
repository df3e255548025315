import { compiledOf, Stage } from "./compiled.ts";
import { type Game, type GameContext, type GameOptions, type GameResult, optionsFor } from "./game.ts";
import type { InputCodec } from "./input.ts";
import { recordWords } from "./input-record.ts";
import type { Layout } from "./layout.ts";
import { prefetchWords } from "./prefetch.ts";
import type { Fields, StateOf } from "./schema.ts";

export interface SimulationSetup {
  readonly seed: number;
  readonly seats: number;
  readonly options: GameOptions;
  /** In tests: a game that stores a fraction or an out-of-range value throws where it does so. */
  readonly checked?: boolean;
}

/**
 * One match of a game. Pure: the same game, setup and inputs give the same words after every step, on every machine.
 */
export class Simulation<S extends Fields = Fields, I extends Fields = Fields> {
  /**
   * Everything that changes with a tick, in one piece: the state; by seat 1 or 0, whether there is an input; the inputs'
   * words; and, from `recordsAt` on, what the match's InputRecords keep.
   */
  readonly memory: Int32Array;
  /** Steps done. */
  tick = 0;
  readonly seats: number;
  readonly game: Game<S, I>;
  readonly layout: Layout<Fields>;
  readonly input: InputCodec<I>;
  readonly #context: GameContext;
  readonly #stage: Stage;
  readonly recordsAt: number;
  /** The state: the first part of `memory`. */
  readonly words: Int32Array;
  #state: StateOf<S> | undefined;
  readonly #checked: boolean;

  constructor(game: Game<S, I>, setup: SimulationSetup) {
    const { seats, checked = false } = setup;
    if (seats < game.seatsMin || seats > game.seatsMax) throw new RangeError(`${game.id} is not for ${seats} seats`);
    const { layout, input, inputLayout, stage } = compiledOf(game as unknown as Game);
    this.seats = seats;
    this.game = game;
    this.layout = layout;
    this.input = input as unknown as InputCodec<I>;
    this.recordsAt = recordsAt(layout, input, seats);
    this.memory = new Int32Array(memoryWords(game as unknown as Game, seats));
    this.words = this.memory.subarray(0, layout.words);
    this.#checked = checked;
    this.#stage = checked ? new Stage(layout, inputLayout, true) : stage;
    this.#context = this.#stage.context(seats, optionsFor(game, setup.options));
    this.#enter().random.seed(setup.seed);
    game.init(this.#stage.state as StateOf<S>, this.#context);
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
    this.input.decode(bytes, this.memory, 0, bytes.length, this.#inputAt(seat));
    this.memory[this.layout.words + seat] = 1;
  }

  /** As setInput, with an input that is decoded already: the words from `at` on. */
  setInputWords(seat: number, words: Int32Array, at = 0): void {
    const { memory } = this;
    const each = this.input.words;
    const to = this.#inputAt(seat);
    for (let i = 0; i < each; i++) memory[to + i] = words[at + i] as number; // few: cheaper than set()
    memory[this.layout.words + seat] = 1;
  }

  /** Whether the rules take the seat's input of the next step; a game that does not say takes all. */
  accepts(seat: number): boolean {
    const { game } = this;
    if (!game.accepts) return true;
    const stage = this.#enter();
    const input = stage.inputs[seat] as StateOf<I> | undefined;
    return input === undefined || game.accepts(stage.state as StateOf<S>, seat, input, this.#context);
  }

  /** A seat that is gone sends nothing any more, held or not. */
  clearInput(seat: number): void {
    this.memory[this.layout.words + seat] = 0;
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
  prefetch(depth: number): number {
    if (depth === 0) return this.tick + this.recordsAt;
    if (depth === 1) return this.memory.length;
    return depth === 2 ? prefetchWords(this.memory) : 0;
  }

  /** What a step does with inputs that count once. */
  spendInputs(): void {
    const from = this.layout.words;
    if (this.game.inputMode === "event") this.memory.fill(0, from, from + this.seats);
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
    this.#stage.enter(this.memory, this.seats);
    return this.#stage;
  }

  #inputAt(seat: number): number {
    return this.layout.words + this.seats + seat * this.input.words;
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
      const at = this.#inputAt(seat);
      return this.memory[this.layout.words + seat] === 1 ? this.memory.slice(at, at + each) : undefined;
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
  checksum(): number {
    return hashNumber(this.memory, this.layout.words, this.tick) & 0xffff;
  }
}

/** Length of a match's `memory`. */
export function memoryWords(game: Game, seats: number): number {
  const { layout, input } = compiledOf(game);
  return recordsAt(layout, input, seats) + recordWords(input.words, seats);
}

/** Behind the state, whether there are inputs, and the inputs. */
function recordsAt(layout: Layout<Fields>, input: InputCodec<Fields>, seats: number): number {
  return layout.words + seats * (1 + input.words);
}

export function hashWords(words: Int32Array, tick: number): string {
  return hashNumber(words, words.length, tick).toString(16).padStart(8, "0");
}

/** Of the first `count` words. */
function hashNumber(words: Int32Array, count: number, tick: number): number {
  let h = 0;
  for (let i = 0; i <= count; i++) {
    let k = i < count ? (words[i] as number) : tick;
    k = Math.imul(k, 0xcc9e2d51);
    k = (k << 15) | (k >>> 17);
    h ^= Math.imul(k, 0x1b873593);
    h = (h << 13) | (h >>> 19);
    h = (Math.imul(h, 5) + 0xe6546b64) | 0;
  }
  h ^= (count + 1) * 4;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
