// The feed of a match that this page plays.
import { type PlayingMatch, Prediction } from "@muster/client";
import { type Fields, type Game, plainOf, type StateOf } from "@muster/game-kit";
import type { Feed, Moment } from "./feed.ts";
import { Interpolation } from "./interpolation.ts";

export class PlayedFeed<S extends Fields, I extends Fields> implements Feed<S, I> {
  readonly seat: number;
  readonly names: readonly string[];
  readonly options: Readonly<Record<string, number>>;
  readonly #match: PlayingMatch<S, I>;
  readonly #fields: S;
  readonly #held: boolean;
  readonly #tickMs: number;
  readonly #interpolation: Interpolation<S>;
  readonly #prediction: Prediction<S, I> | undefined;
  readonly #stops: (() => void)[] = [];
  #input: StateOf<I> | undefined;
  /** The predicted state of the tick before, to draw between the two, and when the newest one came. */
  #before: StateOf<S> | undefined;
  #predictedAt = 0;

  constructor(match: PlayingMatch<S, I>, game: Game<S, I>, names: readonly string[]) {
    this.#match = match;
    this.seat = match.seat;
    this.names = names;
    this.options = match.options as Readonly<Record<string, number>>;
    this.#fields = game.state;
    this.#held = game.inputMode === "held";
    this.#tickMs = 1000 / (game.tickRate || 1);
    this.#interpolation = new Interpolation(game.tickRate || 1);
    this.#stops.push(match.onSnapshot(({ tick, state }) => this.#interpolation.add(tick, state, performance.now())));
    if (match.latest) this.#interpolation.add(match.latest.tick, match.latest.state, performance.now());
    // A game without a clock has nothing to be ahead of, hidden state cannot be simulated, and an event is no input of every tick.
    if (this.#held && game.tickRate > 0 && !game.redact)
      this.#prediction = new Prediction(match, { game, sample: () => this.#input });
  }

  moment(now: number): Moment<S> | undefined {
    return this.#interpolation.at(now);
  }

  predicted(now: number): Moment<S> | undefined {
    const prediction = this.#prediction;
    if (!prediction) return undefined;
    const before = prediction.tick < 0 ? undefined : plainOf(this.#fields, prediction.state);
    if (prediction.advance() > 0) {
      this.#before = before;
      this.#predictedAt = now;
    }
    if (prediction.tick < 0) return undefined;
    const share = Math.min(1, (now - this.#predictedAt) / this.#tickMs);
    return { from: this.#before ?? prediction.state, to: prediction.state, share, tick: prediction.tick };
  }

  onCorrection(listener: (before: StateOf<S>, after: StateOf<S>) => void): () => void {
    const prediction = this.#prediction;
    return prediction?.onCorrection(({ before }) => listener(before, prediction.state)) ?? (() => undefined);
  }

  onState(listener: (state: StateOf<S>, tick: number) => void): () => void {
    if (this.#match.latest) listener(this.#match.latest.state, this.#match.latest.tick);
    return this.#match.onSnapshot(({ state, tick }) => listener(state, tick));
  }

  input(input: StateOf<I>): void {
    this.#input = input;
    // The prediction sends held inputs itself, tick by tick.
    if (!this.#prediction) this.#match.send(input);
  }

  onRoundTrip(ms: number): void {
    this.#prediction?.onRoundTrip(ms);
  }

  stop(): void {
    this.#prediction?.stop();
    for (const stop of this.#stops) stop();
  }
}
