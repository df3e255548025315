// One match without a server, as fast as it goes: what the shard does with a match, and nothing of where it runs.
import { Random } from "../engine/random.ts";
import { Simulation } from "../engine/simulation.ts";
import { type Game, type GameOptions, type GameResult, optionsFor } from "../game.ts";
import { InputRecords } from "../log/input-records.ts";
import { Players, type PlayersKind } from "./players.ts";

export interface TrialSetup {
  readonly seed: number;
  /** Default: the most that the game has. */
  readonly seats?: number | undefined;
  readonly options?: GameOptions | undefined;
  /** Default: mixed for a game with bots, otherwise random. */
  readonly players?: PlayersKind | undefined;
  /** Players send what the rules do not allow, do not answer, and leave. */
  readonly rough?: boolean;
}

/** One in so many ticks of a rough match is the one in which players leave. */
const LEAVE_EVERY = 600;

export interface SentInput {
  readonly seat: number;
  readonly words: Int32Array;
}

export class TrialMatch {
  readonly simulation: Simulation;
  readonly players: PlayersKind;
  /** By seat: how many inputs were applied, which is also the last one's sequence number. */
  readonly acks: Uint32Array;
  /** What the players sent for the last step. */
  sent: SentInput[] = [];
  /** The last step's record of the input log. Valid until the next step. */
  record: Uint8Array = new Uint8Array(0);
  readonly #players: Players;
  readonly #records: InputRecords;
  readonly #rng = new Random({ words: new Int32Array(1) }, 0);
  readonly #rough: boolean;

  constructor(game: Game, setup: TrialSetup) {
    const { seed, seats = game.seatsMax, options = {}, rough = false } = setup;
    this.players = setup.players ?? (game.bots && Object.keys(game.bots).length > 0 ? "mixed" : "random");
    this.#rough = rough;
    // Its own stream: the players' mistakes are not what the game draws.
    this.#rng.seed(seed ^ 0x5bd1e995);
    this.simulation = new Simulation(game, { seed, seats, options: optionsFor(game, options), checked: true });
    this.acks = new Uint32Array(seats);
    this.#players = new Players(this.simulation, rough ? "random" : this.players, this.#rng, rough);
    this.#records = new InputRecords(game, seats, this.simulation.memory);
  }

  /** Sets the inputs of the next step, and writes its record. */
  decide(): void {
    const { simulation, acks } = this;
    this.sent = [];
    this.#players.decide((seat, words) => {
      acks[seat] = (acks[seat] as number) + 1;
      simulation.setInputWords(seat, words);
      this.#records.input(seat, acks[seat] as number, words);
      this.sent.push({ seat, words: words.slice() });
    });
    this.record = this.#records.finish();
  }

  /** @throws Error for a result that no game may give */
  step(): GameResult | undefined {
    this.decide();
    const result = this.simulation.step() ?? this.#left();
    return result && verified(result, this.simulation.seats);
  }

  #left(): GameResult | undefined {
    if (!this.#rough || this.#rng.below(LEAVE_EVERY) > 0) return undefined;
    const left = Array.from({ length: this.simulation.seats }, () => this.#rng.below(2) === 1);
    return this.simulation.forfeit(left);
  }
}

/** As match-service takes it. */
function verified(result: GameResult, seats: number): GameResult {
  const ranks = result.seats.map(({ rank }) => rank);
  if (ranks.length !== seats) throw new Error(`the result is of ${ranks.length} seats instead of ${seats}`);
  if (!ranks.includes(1)) throw new Error(`nobody in the result has rank 1: ${ranks.join(", ")}`);
  for (const { score, rank } of result.seats) {
    if (!Number.isInteger(rank) || rank < 1 || rank > seats)
      throw new Error(`a rank of ${rank} in a match of ${seats} seats`);
    if ((score | 0) !== score) throw new Error(`a score of ${score}, which is no integer of 32 bits`);
  }
  return result;
}
