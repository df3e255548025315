// Who plays a trial match: the game's bots, anybody's random inputs, or bots that now and then do something else. Everything
// follows from the seed.
import type { Random } from "../engine/random.ts";
import type { Simulation } from "../engine/simulation.ts";
import type { Bot } from "../game.ts";
import type { Slot } from "../schema/layout.ts";
import { layoutOf } from "../schema/layout.ts";

/** `mixed`: bots that make mistakes, without which the same two bots may play the same match again and again. */
export type PlayersKind = "bots" | "mixed" | "random";

/** One in so many decisions of a mixed player is a random one. */
const MISTAKES = 12;
/** A random player keeps a held input for about so many ticks. */
const HOLDS = 12;
/** A player of a game with a clock sends an event in one of so many ticks. */
const EVENT_EVERY = 8;
/** Until the rules accept one. */
const TRIES_MAX = 40;

interface Seat {
  readonly bot: Bot | undefined;
  readonly words: Int32Array;
  /** A mixed player's mistake lasts for so many ticks more. */
  mistaken: number;
  sent: boolean;
}

/** The players of one match. */
export class Players {
  readonly #simulation: Simulation;
  readonly #rng: Random;
  readonly #kind: PlayersKind;
  readonly #slots: readonly Slot[];
  readonly #seats: readonly Seat[];
  readonly #seen: Int32Array;
  readonly #redact: ((viewer: number) => void) | undefined;
  readonly #view: object;
  /** The rules are not asked, and players stay away. */
  readonly #rough: boolean;

  constructor(simulation: Simulation, kind: PlayersKind, rng: Random, rough: boolean) {
    const { game, layout, seats } = simulation;
    const bots = kind === "random" ? [] : Object.values(game.bots ?? {});
    this.#simulation = simulation;
    this.#kind = kind;
    this.#rng = rng;
    this.#rough = rough;
    this.#slots = layoutOf(game.input).slots;
    this.#seen = game.redact ? new Int32Array(layout.words) : simulation.words;
    this.#redact = game.redact ? simulation.redactor(this.#seen) : undefined;
    this.#view = layout.view(this.#seen, 0, false);
    this.#seats = Array.from({ length: seats }, () => ({
      bot: bots[rng.below(Math.max(1, bots.length))],
      words: new Int32Array(simulation.input.words),
      mistaken: 0,
      sent: false,
    }));
  }

  /** Gives each seat that wants to do something its input for the next step. */
  decide(apply: (seat: number, words: Int32Array) => void): void {
    for (let seat = 0; seat < this.#seats.length; seat++) this.#decideFor(seat, apply);
  }

  #decideFor(seat: number, apply: (seat: number, words: Int32Array) => void): void {
    const { game } = this.#simulation;
    const own = this.#seats[seat] as Seat;
    const held = game.inputMode === "held";
    if (own.mistaken > 0) own.mistaken--;
    if (held && own.mistaken > 0) return;
    if (own.bot && !(this.#kind === "mixed" && this.#rng.below(MISTAKES * (held ? 4 : 1)) === 0)) {
      if (this.#asked(own.bot, seat, own)) apply(seat, own.words);
      return;
    }
    own.mistaken = this.#kind === "mixed" && held ? 1 + this.#rng.below(HOLDS) : 0;
    if (this.#randomly(seat, own, held)) apply(seat, own.words);
  }

  /** @returns whether the bot does something new */
  #asked(bot: Bot, seat: number, own: Seat): boolean {
    const { input, context, game } = this.#simulation;
    this.#redact?.(seat);
    const wish = bot(this.#view as never, seat, context);
    if (!wish) return false;
    const before = own.words.slice();
    input.decode(input.encode(wish), own.words);
    const same = own.sent && game.inputMode === "held" && before.every((word, i) => word === own.words[i]);
    own.sent = true;
    return !same;
  }

  #randomly(seat: number, own: Seat, held: boolean): boolean {
    const { game } = this.#simulation;
    const clock = game.tickRate > 0;
    if (clock && own.sent && own.mistaken === 0 && this.#rng.below(held ? HOLDS : EVENT_EVERY) > 0) return false;
    if (this.#rough && this.#rng.below(4) === 0) return false;
    own.sent = true;
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      for (const [i, slot] of this.#slots.entries()) own.words[i] = this.#value(slot);
      if (held || this.#rough || !game.accepts || this.#accepted(seat, own.words)) return true;
    }
    return false;
  }

  #accepted(seat: number, words: Int32Array): boolean {
    this.#simulation.setInputWords(seat, words);
    const accepted = this.#simulation.accepts(seat);
    this.#simulation.clearInput(seat);
    return accepted;
  }

  /** Any, and the least and the greatest more often than others. */
  #value({ min, max, bits }: Slot): number {
    const which = bits > 3 ? this.#rng.below(8) : 2;
    if (which === 0) return min | 0;
    if (which === 1) return max | 0;
    return (min + (bits > 16 ? this.#rng.uint32() % (max - min + 1) : this.#rng.below(max - min + 1))) | 0;
  }
}
