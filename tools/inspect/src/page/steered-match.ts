// A match whose seats are steered one by one, by whoever looks into it: a person, a bot, chance, or nobody.
import { type Game, InputRecords, layoutOf, optionsFor, Random, Simulation } from "@muster/game-kit";
import type { InspectedMatch, SentInput } from "@muster/game-kit/trial";
import type { InputValues, MatchSetup, SeatOrder } from "./messages.ts";

/** A seat that chance plays does something else in one of so many ticks. */
const HOLDS = 12;
/** Until the rules accept one. */
const TRIES_MAX = 40;

export class SteeredMatch implements InspectedMatch {
  readonly simulation: Simulation;
  readonly acks: Uint32Array;
  sent: SentInput[] = [];
  record: Uint8Array = new Uint8Array(0);
  /** Seats whose input the rules do not allow now; they get it nevertheless, as on a shard. */
  refused: number[] = [];
  /** For the next step, by seat. */
  orders: readonly SeatOrder[] = [];
  readonly #records: InputRecords;
  readonly #seed: number;
  readonly #slots: ReturnType<typeof layoutOf>["slots"];
  readonly #seen: Int32Array;
  readonly #view: object;
  readonly #redact: ((viewer: number) => void) | undefined;

  constructor(game: Game, { seed, seats = game.seatsMax, options }: MatchSetup) {
    this.#seed = seed;
    this.simulation = new Simulation(game, { seed, seats, options: optionsFor(game, options), checked: true });
    this.acks = new Uint32Array(seats);
    this.#records = new InputRecords(game, seats, this.simulation.memory);
    this.#slots = layoutOf(game.input).slots;
    const { layout } = this.simulation;
    this.#seen = game.redact ? new Int32Array(layout.words) : this.simulation.words;
    this.#redact = game.redact ? this.simulation.redactor(this.#seen) : undefined;
    this.#view = layout.view(this.#seen, 0, false);
  }

  decide(): void {
    this.sent = [];
    this.refused = [];
    for (let seat = 0; seat < this.simulation.seats; seat++) {
      const words = this.#wanted(seat);
      if (words) this.#apply(seat, words);
    }
    this.record = this.#records.finish();
  }

  #apply(seat: number, words: Int32Array): void {
    const { simulation, acks } = this;
    acks[seat] = (acks[seat] as number) + 1;
    simulation.setInputWords(seat, words);
    if (!simulation.accepts(seat)) this.refused.push(seat);
    this.#records.input(seat, acks[seat] as number, words);
    this.sent.push({ seat, words });
  }

  #wanted(seat: number): Int32Array | undefined {
    const { control, values } = this.orders[seat] ?? { control: "nobody", values: undefined };
    if (control === "person") return values && this.#wordsOf(values);
    if (control === "nobody") return undefined;
    const words = control === "chance" ? this.#byChance(seat) : this.#byBot(seat, control.slice("bot ".length));
    return words && this.#isNew(seat, words) ? words : undefined;
  }

  #wordsOf(values: InputValues): Int32Array {
    return Int32Array.from(this.#slots, ({ path, min, max }) =>
      Math.max(min, Math.min(max, Math.trunc(values[path] ?? 0))),
    );
  }

  #byBot(seat: number, name: string): Int32Array | undefined {
    const { game, input, context } = this.simulation;
    this.#redact?.(seat);
    const wish = game.bots?.[name]?.(this.#view as never, seat, context);
    if (!wish) return undefined;
    const words = new Int32Array(input.words);
    input.decode(input.encode(wish), words);
    return words;
  }

  /** Follows from the seed, the seat and the tick: a match that goes on from an earlier tick goes the same way. */
  #byChance(seat: number): Int32Array | undefined {
    const { game, tick } = this.simulation;
    const rng = new Random({ words: new Int32Array(1) }, 0);
    rng.seed(this.#seed ^ Math.imul(tick + 1, 0x9e3779b1) ^ Math.imul(seat + 1, 0x85ebca6b));
    if (game.tickRate > 0 && tick > 0 && rng.below(HOLDS) > 0) return undefined;
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const words = Int32Array.from(
        this.#slots,
        ({ min, max }) => (min + (max - min > 0xffff ? rng.uint32() % (max - min + 1) : rng.below(max - min + 1))) | 0,
      );
      if (game.inputMode === "held" || this.#accepted(seat, words)) return words;
    }
    return undefined;
  }

  #accepted(seat: number, words: Int32Array): boolean {
    this.simulation.setInputWords(seat, words);
    const accepted = this.simulation.accepts(seat);
    this.simulation.clearInput(seat);
    return accepted;
  }

  /** A held input applies until there is another one. */
  #isNew(seat: number, words: Int32Array): boolean {
    if (this.simulation.game.inputMode !== "held") return true;
    const held = this.simulation.heldInputs()[seat];
    return !held || held.some((word, i) => word !== words[i]);
  }
}
