// Seats that the game plays by itself: a function of what the seat may see produces their inputs. These go to the input log
// like any player's, so a replay or a takeover needs no bot.
import type { Bot, Simulation } from "@muster/game-kit";

interface BotSeat {
  readonly seat: number;
  readonly decide: Bot;
  readonly words: Int32Array;
  seq: number;
  /** Decided, and not applied yet. */
  waiting: boolean;
}

export class Bots {
  readonly #simulation: Simulation;
  readonly #seats: readonly BotSeat[];
  readonly #codec;
  readonly #redacted: Int32Array;
  readonly #redact: ((viewer: number) => void) | undefined;
  readonly #seen;

  /**
   * `names`: by seat, undefined for a player's.
   * @throws RangeError for a bot that the game does not have, or in a game without a clock and without turns
   */
  constructor(simulation: Simulation, names: readonly (string | undefined)[], seqs: Uint32Array) {
    const { game, layout } = simulation;
    this.#simulation = simulation;
    this.#codec = simulation.input;
    this.#seats = names.flatMap((name, seat) => {
      if (name === undefined) return [];
      const decide = game.bots?.[name];
      if (!decide) throw new RangeError(`${game.id} has no bot ${name}`);
      const words = new Int32Array(simulation.input.words);
      return [{ seat, decide, words, seq: seqs[seat] as number, waiting: false }];
    });
    if (this.#seats.length > 0 && game.tickRate === 0 && !game.turns)
      throw new RangeError(`${game.id} has no clock and tells no turns: its bots would never know when to move`);
    this.#redacted = game.redact ? new Int32Array(layout.words) : simulation.words;
    this.#redact = game.redact && this.#seats.length > 0 ? simulation.redactor(this.#redacted) : undefined;
    this.#seen = this.#seats.length > 0 ? layout.view(this.#redacted, 0, false) : undefined;
  }

  /** Whether any seat is a bot's. */
  get some(): boolean {
    return this.#seats.length > 0;
  }

  /** One has decided, and its input is not applied yet. */
  get wait(): boolean {
    return this.#seats.some(({ waiting }) => waiting);
  }

  /** Asks each bot once per state. @returns whether any wants to do something */
  decide(): boolean {
    let any = false;
    for (const bot of this.#seats) {
      if (!bot.waiting) this.#ask(bot);
      any ||= bot.waiting;
    }
    return any;
  }

  /** What they decided, seat by seat; held inputs that did not change are left out. */
  take(apply: (seat: number, seq: number, words: Int32Array) => void): void {
    for (const bot of this.#seats) {
      if (!bot.waiting) continue;
      bot.waiting = false;
      apply(bot.seat, ++bot.seq, bot.words);
    }
  }

  #ask(bot: BotSeat): void {
    this.#redact?.(bot.seat);
    const input = bot.decide(this.#seen as never, bot.seat, this.#simulation.context);
    if (!input) return;
    const before = bot.words.slice();
    this.#codec.decode(this.#codec.encode(input), bot.words);
    const same = bot.seq > 0 && before.every((word, i) => word === bot.words[i]);
    bot.waiting = !(same && this.#simulation.game.inputMode === "held");
  }
}
