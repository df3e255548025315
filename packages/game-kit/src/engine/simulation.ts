// On the hot path, once per tick: design/realtime/performance.md.
import { type Game, type GameContext, type GameOptions, type GameResult, optionsFor } from "../game.ts";
import type { Layout } from "../schema/layout.ts";
import type { Fields, StateOf } from "../schema/schema.ts";
import type { InputCodec } from "../wire/input-codec.ts";
import { hashNumber, hashWords } from "../wire/state-hash.ts";
import { compiledOf, memoryMapOf } from "./compiled.ts";
import type { MemoryMap } from "./memory.ts";
import { SharedStateView } from "./shared-state-view.ts";

export interface SimulationSetup {
  readonly seed: number;
  readonly seats: number;
  readonly options: GameOptions;
  /** For tests: storing a fraction or an out-of-range value throws immediately. */
  readonly checked?: boolean;
}

/**
 * One match of a game. Pure: the same game, setup and inputs give the same words after every step, on every machine.
 */
export class Simulation<S extends Fields = Fields, I extends Fields = Fields> {
  /** Everything that changes with a tick; memory.ts defines the positions. */
  readonly memory: Int32Array;
  /** The number of steps so far. */
  tick = 0;
  readonly seats: number;
  readonly game: Game<S, I>;
  readonly layout: Layout<Fields>;
  readonly input: InputCodec<I>;
  readonly #context: GameContext;
  readonly #view: SharedStateView;
  readonly map: MemoryMap;
  /** The state: the first part of `memory`. */
  readonly words: Int32Array;
  #state: StateOf<S> | undefined;
  readonly #checked: boolean;

  constructor(game: Game<S, I>, setup: SimulationSetup) {
    const { seats, checked = false } = setup;
    const { layout, input, view } = compiledOf(game as unknown as Game);
    if (seats < game.seatsMin || seats > game.seatsMax)
      throw new RangeError(`${game.id} cannot be played with ${seats} seats`);
    this.seats = seats;
    this.game = game;
    this.layout = layout.state;
    this.input = input as unknown as InputCodec<I>;
    this.map = memoryMapOf(game as unknown as Game, seats);
    this.memory = new Int32Array(this.map.words);
    this.words = this.memory.subarray(0, this.map.stateWords);
    this.#checked = checked;
    this.#view = checked ? new SharedStateView(layout, true) : view;
    this.#context = this.#view.context(seats, optionsFor(game, setup.options));
    this.#enter().random.seed(setup.seed);
    game.init(this.#view.state as StateOf<S>, this.#context);
  }

  /** A live view of this match's state. */
  get state(): StateOf<S> {
    return (this.#state ??= this.layout.view(this.words, 0, this.#checked) as unknown as StateOf<S>);
  }

  get context(): Pick<GameContext, "seats" | "options"> {
    return this.#context;
  }

  /** Sets a seat's input for the next step, and for later steps if inputs are held. @throws MalformedBitsError */
  setInput(seat: number, bytes: Uint8Array): void {
    this.input.decode(bytes, this.memory, 0, bytes.length, this.map.inputAt(seat));
    this.memory[this.map.hasInputAt(seat)] = 1;
  }

  /** Like setInput, for a decoded input: the words from `at` on. */
  setInputWords(seat: number, words: Int32Array, at = 0): void {
    const { memory } = this;
    const each = this.input.words;
    const to = this.map.inputAt(seat);
    for (let i = 0; i < each; i++) memory[to + i] = words[at + i] as number; // few: cheaper than set()
    memory[this.map.hasInputAt(seat)] = 1;
  }

  /** Whether the rules allow the seat's input in the next step. A game without `accepts` allows every input. */
  accepts(seat: number): boolean {
    const { game } = this;
    if (!game.accepts) return true;
    const view = this.#enter();
    const input = view.inputs[seat] as StateOf<I> | undefined;
    return input === undefined || game.accepts(view.state as StateOf<S>, seat, input, this.#context);
  }

  /** Clears the input of a seat that has left, even a held one. */
  clearInput(seat: number): void {
    this.memory[this.map.hasInputAt(seat)] = 0;
  }

  step(): GameResult | undefined {
    const { game } = this;
    const view = this.#enter();
    game.step(view.state as StateOf<S>, view.inputs as (StateOf<I> | undefined)[], this.#context);
    this.tick++;
    this.spendInputs();
    return game.result(view.state as StateOf<S>, this.#context);
  }

  /** Clears inputs that apply to one step only. */
  spendInputs(): void {
    const { stateWords, inputsAt } = this.map;
    if (this.game.inputMode === "event") this.memory.fill(0, stateWords, inputsAt);
  }

  /** Replaces the state; the inputs stay. */
  goTo(words: Int32Array, tick: number): void {
    this.words.set(words);
    this.tick = tick;
  }

  forfeit(left: readonly boolean[]): GameResult {
    return this.game.forfeit(this.#enter().state as StateOf<S>, left, this.#context);
  }

  #enter(): SharedStateView {
    this.#view.enter(this.memory, this.map);
    return this.#view;
  }

  /**
   * For a game that redacts: returns a function that copies what one viewer (a seat, or undefined for a spectator) may see to
   * `into`. The kit's own fields are redacted for everyone, because the generator's state reveals future random numbers.
   */
  redactor(into: Int32Array): (viewer: number | undefined) => void {
    const view = this.layout.view(into, 0, false) as unknown as StateOf<S> & { kit: readonly { rng: number }[] };
    return (viewer) => {
      into.set(this.words);
      for (const own of view.kit) own.rng = 0;
      this.game.redact?.(view, viewer, this.#context);
    };
  }

  /** Copies of the current inputs, by seat. */
  heldInputs(): (Int32Array | undefined)[] {
    const each = this.input.words;
    return Array.from({ length: this.seats }, (_, seat) => {
      const at = this.map.inputAt(seat);
      return this.memory[this.map.hasInputAt(seat)] === 1 ? this.memory.slice(at, at + each) : undefined;
    });
  }

  /** Returns to an earlier state. */
  restore(words: Int32Array, tick: number, inputs: readonly (Int32Array | undefined)[]): void {
    this.goTo(words, tick);
    inputs.forEach((words, seat) => (words ? this.setInputWords(seat, words) : this.clearInput(seat)));
  }

  /** Hash of state and tick, as 8 hexadecimal digits. */
  hash(): string {
    return hashWords(this.words, this.tick);
  }

  /** The low 16 bits of the hash, as a number: enough to notice that two simulations differ. */
  checksum(): number {
    return hashNumber(this.memory, this.map.stateWords, this.tick) & 0xffff;
  }
}
