// Replays a match from its input log: forwards to any tick at full speed, backwards by playing from the nearest saved state.
import { Simulation } from "../engine/simulation.ts";
import type { Game, GameOptions, GameResult } from "../game.ts";
import { BadReplayError } from "../log/bad-replay-error.ts";
import { recordsOf } from "../log/record-log.ts";
import type { Fields, StateOf } from "../schema/schema.ts";
import { MalformedBitsError } from "../wire/bits.ts";
import { LogPlayer } from "./log-player.ts";

/** The match's game, build, seed and options, as stored in its row. */
export interface ReplaySetup {
  readonly seed: number;
  readonly seats: number;
  readonly options: GameOptions;
}

/** Ticks between saved states: seeking back plays at most this many. */
const KEPT_EVERY_TICKS = 256;

interface Kept {
  readonly words: Int32Array;
  readonly inputs: readonly (Int32Array | undefined)[];
  readonly left: readonly boolean[];
}

/** Replays an ended match. */
export class Replay<S extends Fields = Fields, I extends Fields = Fields> {
  readonly ticks: number;
  readonly #game: Game<S, I>;
  readonly #setup: ReplaySetup;
  readonly #records: readonly Uint8Array[];
  readonly #kept = new Map<number, Kept>();
  #player: LogPlayer<S, I>;
  #at = 0;

  /** @throws BadReplayError if the bytes are not a log of this game */
  constructor(game: Game<S, I>, setup: ReplaySetup, log: Uint8Array) {
    this.#game = game;
    this.#setup = setup;
    this.#records = wrapped(() => [...recordsOf(log)]);
    this.ticks = this.#records.length;
    this.#player = this.#fresh();
  }

  /** The number of records played so far. */
  get tick(): number {
    return this.#at;
  }

  /** A live view of the state. */
  get state(): StateOf<S> {
    return this.#player.simulation.state;
  }

  get hash(): string {
    return this.#player.simulation.hash();
  }

  get result(): GameResult | undefined {
    return this.#player.result;
  }

  get ended(): "played" | "forfeit" | undefined {
    return this.#player.ended;
  }

  /** @returns false at the end. @throws BadReplayError */
  forward(): boolean {
    const record = this.#records[this.#at];
    if (!record) return false;
    wrapped(() => this.#player.play(record));
    this.#at++;
    if (this.#at % KEPT_EVERY_TICKS === 0 && !this.#kept.has(this.#at)) this.#keep();
    return true;
  }

  /** Goes to any tick from 0 to `ticks`. @throws RangeError, BadReplayError */
  seek(tick: number): void {
    if (!Number.isInteger(tick) || tick < 0 || tick > this.ticks)
      throw new RangeError(`the replay has ticks 0 to ${this.ticks}, not ${tick}`);
    if (tick < this.#at) this.#restore(Math.floor(tick / KEPT_EVERY_TICKS) * KEPT_EVERY_TICKS);
    while (this.#at < tick) this.forward();
  }

  /** Plays at the game's pace times `speed` (0.5 is half as fast), until the end or until aborted. */
  async play(speed: number, onTick: (replay: this) => void, signal?: AbortSignal): Promise<void> {
    if (!(speed > 0)) throw new RangeError(`the speed must be above 0, not ${speed}`);
    const rate = this.#game.tickRate > 0 ? this.#game.tickRate : 1;
    const [from, startedAt] = [this.#at, performance.now()];
    while (!signal?.aborted && this.forward()) {
      onTick(this);
      const due = startedAt + ((this.#at - from) * 1000) / (rate * speed);
      const wait = due - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }

  #fresh(): LogPlayer<S, I> {
    return new LogPlayer(wrapped(() => new Simulation(this.#game, this.#setup)));
  }

  #keep(): void {
    const { simulation, left } = this.#player;
    this.#kept.set(this.#at, { words: simulation.words.slice(), inputs: simulation.heldInputs(), left: [...left] });
  }

  #restore(tick: number): void {
    this.#player = this.#fresh();
    this.#at = 0;
    const kept = this.#kept.get(tick);
    if (!kept) return;
    const { simulation, left } = this.#player;
    simulation.restore(kept.words, tick, kept.inputs);
    left.splice(0, left.length, ...kept.left);
    this.#at = tick;
  }
}

function wrapped<T>(work: () => T): T {
  try {
    return work();
  } catch (err) {
    if (err instanceof BadReplayError) throw err;
    const what = err instanceof MalformedBitsError ? "the log is damaged" : "the game refuses the log";
    throw new BadReplayError(`${what}: ${(err as Error).message}`, { cause: err });
  }
}
