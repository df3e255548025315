// The interface of a game: a studio implements it in one deterministic module. The rest of Muster sees nothing else of a game.
import type { Random } from "./engine/random.ts";
import type { Fields, StateOf } from "./schema/schema.ts";

/** A match's settings: integers by name. */
export type GameOptions = Readonly<Record<string, number>>;

export interface GameContext {
  /** The number of seats in this match. */
  readonly seats: number;
  /** All options of the game, including defaults. */
  readonly options: GameOptions;
  /** A random generator. It is part of the state, so every re-simulation gets the same numbers. */
  readonly random: Random;
}

export interface SeatOutcome {
  readonly score: number;
  /** 1 is the best; equal ranks mean a draw. */
  readonly rank: number;
}

export interface GameResult {
  readonly seats: readonly SeatOutcome[];
}

/**
 * `held`: an input applies until the next one arrives, like the buttons of a controller. `event`: an input applies to one
 * step, like a move in a board game.
 */
export type InputMode = "held" | "event";

/** Time limits for the turns of a game without a clock. */
export interface Turns<S extends Fields = Fields> {
  /** The number of the current turn. It changes when a turn ends; inputs that do not end the turn extend nobody's time. */
  of(state: StateOf<S>): number;
  /** The time limit of a turn. When it expires, the game steps without any input, and its rules decide what that means. */
  withinMs(context: Pick<GameContext, "seats" | "options">): number;
}

/**
 * Plays a seat automatically. `state` is the part that the seat may see. Returns undefined for no input in this tick. A bot must be
 * deterministic and keep no state.
 */
export type Bot<S extends Fields = Fields, I extends Fields = Fields> = (
  state: StateOf<S>,
  seat: number,
  context: Pick<GameContext, "seats" | "options">,
) => StateOf<I> | undefined;

/**
 * A deterministic game. `init` and `step` may use only their arguments and this package: no clock, no Math.random,
 * no transcendental functions, no variables outside the state. `checkGame` in game-kit/testing checks this.
 */
export interface Game<S extends Fields = Fields, I extends Fields = Fields> {
  /** Lower-case letters, digits and hyphens. */
  readonly id: string;
  /** Change it whenever the rules change: a replay is valid only with the build that played it. */
  readonly buildId: string;
  /** Steps per second; 0 for a turn-based game, which steps when an input arrives. */
  readonly tickRate: number;
  readonly seatsMin: number;
  readonly seatsMax: number;
  readonly state: S;
  readonly input: I;
  readonly inputMode: InputMode;
  /** The options by name, with default and bounds; a game may have none. */
  readonly options?: Readonly<Record<string, { readonly default: number; readonly min: number; readonly max: number }>>;
  /** For a game without a clock: the time limit of a turn. */
  readonly turns?: Turns<S>;
  /**
   * Sets values that the viewer must not see to zero, in the copy of the state that is sent. `viewer`: a seat, or undefined for
   * a spectator. In a game with this function, the kit also redacts the random generator's state for everyone.
   */
  readonly redact?: (
    state: StateOf<S>,
    viewer: number | undefined,
    context: Pick<GameContext, "seats" | "options">,
  ) => void;
  /** Bots by name. A mode can put them on free seats. */
  readonly bots?: Readonly<Record<string, Bot<S, I>>>;
  /** Initialises a state that contains only zeros. */
  init(state: StateOf<S>, context: GameContext): void;
  /** Advances by one tick. `inputs` by seat: undefined if the seat has never sent an input (held), or none for this tick (event). */
  step(state: StateOf<S>, inputs: readonly (StateOf<I> | undefined)[], context: GameContext): void;
  /**
   * Whether the rules allow an input in the next step. If not, the player gets illegal_move. This only informs the player:
   * `step` must ignore such an input by itself. Called once for every input that is applied, when the inputs of the seats
   * before it are already set.
   */
  accepts?(state: StateOf<S>, seat: number, input: StateOf<I>, context: GameContext): boolean;
  /** The result, or undefined while the match continues. Called after every step. */
  result(state: StateOf<S>, context: GameContext): GameResult | undefined;
  /** The result when players have left for good. `left` by seat: true for those who left. */
  forfeit(state: StateOf<S>, left: readonly boolean[], context: GameContext): GameResult;
}

/** Adds defaults to the given options. @throws RangeError for an unknown option or a value out of bounds */
export function optionsFor(game: Pick<Game, "id" | "options">, given: GameOptions): GameOptions {
  const known = game.options ?? {};
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(known, name)) throw new RangeError(`the game ${game.id} has no option ${name}`);
  }
  const all: Record<string, number> = {};
  for (const [name, { default: fallback, min, max }] of Object.entries(known)) {
    const value = Object.hasOwn(given, name) ? (given[name] as number) : fallback;
    if (!Number.isInteger(value) || value < min || value > max)
      throw new RangeError(`option ${name} of ${game.id} is ${value}: it must be an integer from ${min} to ${max}`);
    all[name] = value;
  }
  return all;
}

/**
 * What a game does not declare as `Game` asks. Compilers say this too, but what runs a game often does so before anybody compiles it.
 * @throws RangeError with everything that is missing or wrong
 */
export function refuseIncomplete(game: Game): void {
  const whole = (value: unknown, min: number): boolean => Number.isInteger(value) && (value as number) >= min;
  const fields = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value);
  const asks: readonly (readonly [keyof Game, string, boolean])[] = [
    ["id", "lower-case letters, digits and hyphens", typeof game.id === "string" && /^[a-z0-9-]+$/.test(game.id)],
    ["buildId", "a text", typeof game.buildId === "string" && game.buildId !== ""],
    ["tickRate", "steps per second, or 0 for turns", whole(game.tickRate, 0)],
    ["seatsMin", "a whole number from 1", whole(game.seatsMin, 1)],
    ["seatsMax", "a whole number from seatsMin", whole(game.seatsMax, whole(game.seatsMin, 1) ? game.seatsMin : 1)],
    ["state", "fields by name", fields(game.state)],
    ["input", "fields by name", fields(game.input)],
    ["inputMode", '"held" or "event"', game.inputMode === "held" || game.inputMode === "event"],
    ["options", "settings by name, or nothing", game.options === undefined || fields(game.options)],
    ...(["init", "step", "result", "forfeit"] as const).map(
      (name) => [name, "a function", typeof game[name] === "function"] as const,
    ),
  ];
  const wrong = asks.filter(([, , isRight]) => !isRight).map(([name, what]) => `${name} (${what})`);
  if (wrong.length > 0)
    throw new RangeError(`the game ${game.id} does not declare, or not rightly: ${wrong.join(", ")}`);
}
