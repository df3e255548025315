// What a studio writes: one deterministic module. The rest of Muster only sees this interface.
import type { Random } from "./engine/random.ts";
import type { Fields, StateOf } from "./schema/schema.ts";

/** Settings of a match by name, integers. */
export type GameOptions = Readonly<Record<string, number>>;

export interface GameContext {
  /** Players in this match. */
  readonly seats: number;
  /** Every option of the game, defaults filled in. */
  readonly options: GameOptions;
  /** Part of the state: the same in every re-simulation. */
  readonly random: Random;
}

export interface SeatOutcome {
  readonly score: number;
  /** 1 for the best; equal ranks mean a draw. */
  readonly rank: number;
}

export interface GameResult {
  readonly seats: readonly SeatOutcome[];
}

/**
 * `held`: an input stays until the next one, like buttons of a controller. `event`: an input counts for one step,
 * like a move on a board.
 */
export type InputMode = "held" | "event";

/** When nothing happens in a game without a clock. */
export interface Turns<S extends Fields = Fields> {
  /** Changes when a turn is over: what is sent in vain gives nobody more time. */
  of(state: StateOf<S>): number;
  /** A turn that takes longer ends in a step without any input: the game says what that means. */
  withinMs(context: Pick<GameContext, "seats" | "options">): number;
}

/** Plays a seat by itself. `state` is what the seat may see; undefined: no input for this tick. Deterministic, no memory. */
export type Bot<S extends Fields = Fields, I extends Fields = Fields> = (
  state: StateOf<S>,
  seat: number,
  context: Pick<GameContext, "seats" | "options">,
) => StateOf<I> | undefined;

/**
 * A deterministic game. `init` and `step` may use nothing but their arguments and this package: no clock, no
 * Math.random, no transcendental functions, no variables outside the state. `checkGame` in game-kit/testing proves it.
 */
export interface Game<S extends Fields = Fields, I extends Fields = Fields> {
  /** Lower-case letters, digits and hyphens. */
  readonly id: string;
  /** Changes whenever the rules change: a replay is only valid with the build that played it. */
  readonly buildId: string;
  /** Steps a second; 0 for a turn-based game, which steps when an input arrives. */
  readonly tickRate: number;
  readonly seatsMin: number;
  readonly seatsMax: number;
  readonly state: S;
  readonly input: I;
  readonly inputMode: InputMode;
  /** Option names with default and bounds. */
  readonly options: Readonly<Record<string, { readonly default: number; readonly min: number; readonly max: number }>>;
  /** For a game without a clock: how long a turn may take. */
  readonly turns?: Turns<S>;
  /**
   * Sets to zero, in a copy of the state, what the viewer may not see: a seat, or undefined for a spectator. The rest is sent.
   * The kit redacts the state of the random generator for everybody in such a game.
   */
  readonly redact?: (
    state: StateOf<S>,
    viewer: number | undefined,
    context: Pick<GameContext, "seats" | "options">,
  ) => void;
  /** By name: who can take a seat that no player takes. */
  readonly bots?: Readonly<Record<string, Bot<S, I>>>;
  /** Fills a state of zeros. */
  init(state: StateOf<S>, context: GameContext): void;
  /** Advances by one tick. `inputs` by seat: undefined where nothing was ever sent (held) or not this tick (event). */
  step(state: StateOf<S>, inputs: readonly (StateOf<I> | undefined)[], context: GameContext): void;
  /**
   * Whether an input would count in the step to come, by the rules: where it would not, its player is told (illegal_move). It
   * only tells: `step` has to take no notice of such an input by itself. Asked once for every input that is applied, with
   * those of the seats before it in place.
   */
  accepts?(state: StateOf<S>, seat: number, input: StateOf<I>, context: GameContext): boolean;
  /** Undefined while the match goes on; called after every step. */
  result(state: StateOf<S>, context: GameContext): GameResult | undefined;
  /** The result when a seat has left for good, seat by seat: true for those that left. */
  forfeit(state: StateOf<S>, left: readonly boolean[], context: GameContext): GameResult;
}

/** Fills in defaults. @throws RangeError for an unknown option or a value out of bounds. */
export function optionsFor(game: Pick<Game, "id" | "options">, given: GameOptions): GameOptions {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(game.options, name)) throw new RangeError(`the game ${game.id} has no option ${name}`);
  }
  const all: Record<string, number> = {};
  for (const [name, { default: fallback, min, max }] of Object.entries(game.options)) {
    const value = Object.hasOwn(given, name) ? (given[name] as number) : fallback;
    if (!Number.isInteger(value) || value < min || value > max)
      throw new RangeError(`option ${name} of ${game.id} is ${value}, not ${min} to ${max}`);
    all[name] = value;
  }
  return all;
}
