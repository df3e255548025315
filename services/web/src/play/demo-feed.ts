// A match of two bots, simulated in this page: what the start page shows, with no server behind it.
import { type Fields, type Game, plainOf, Simulation, type StateOf } from "@muster/game-kit";
import type { Feed, Moment } from "./feed.ts";

/** A tab that was in the background goes on where it was. */
const STEPS_MAX = 5;

export class DemoFeed<S extends Fields, I extends Fields> implements Feed<S, I> {
  readonly seat = undefined;
  readonly names: readonly string[];
  readonly options: Readonly<Record<string, number>>;
  readonly #game: Game<S, I>;
  readonly #bot: string;
  readonly #tickMs: number;
  readonly #listeners = new Set<(state: StateOf<S>, tick: number) => void>();
  #simulation: Simulation<S, I>;
  #from: StateOf<S>;
  #to: StateOf<S>;
  #steppedAt: number | undefined;

  constructor(game: Game<S, I>, bot: string) {
    this.#game = game;
    this.#bot = bot;
    this.#tickMs = 1000 / game.tickRate;
    this.names = Array.from({ length: game.seatsMin }, () => bot);
    this.options = Object.fromEntries(Object.entries(game.options ?? {}).map(([name, one]) => [name, one.default]));
    this.#simulation = this.#fresh();
    this.#from = this.#to = plainOf(game.state, this.#simulation.state);
  }

  moment(now: number): Moment<S> {
    this.#steppedAt ??= now;
    const due = Math.floor((now - this.#steppedAt) / this.#tickMs);
    for (let i = 0; i < Math.min(due, STEPS_MAX); i++) this.#step();
    this.#steppedAt = due > STEPS_MAX ? now : this.#steppedAt + due * this.#tickMs;
    const share = (now - this.#steppedAt) / this.#tickMs;
    return { from: this.#from, to: this.#to, share, tick: this.#simulation.tick };
  }

  predicted(): undefined {
    return undefined;
  }

  onCorrection(): () => void {
    return () => undefined;
  }

  onState(listener: (state: StateOf<S>, tick: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  input(): void {
    // the bots play
  }

  stop(): void {
    this.#listeners.clear();
  }

  #step(): void {
    const { seats, state } = this.#simulation;
    const bot = this.#game.bots?.[this.#bot];
    for (let seat = 0; seat < seats; seat++) {
      const input = bot?.(state, seat, { seats, options: this.options });
      if (!input) continue;
      const words = new Int32Array(this.#simulation.input.words);
      this.#simulation.input.decode(this.#simulation.input.encode(input), words);
      this.#simulation.setInputWords(seat, words);
    }
    if (this.#simulation.step()) this.#simulation = this.#fresh();
    this.#from = this.#to;
    this.#to = plainOf(this.#game.state, this.#simulation.state);
    for (const listener of this.#listeners) listener(this.#to, this.#simulation.tick);
  }

  #fresh(): Simulation<S, I> {
    const seed = crypto.getRandomValues(new Uint32Array(1))[0] as number;
    return new Simulation(this.#game, { seed, seats: this.#game.seatsMin, options: {} });
  }
}
