// The feed of a match that somebody else plays.
import type { WatchedMatch } from "@muster/client";
import type { Fields, Game, StateOf } from "@muster/game-kit";
import type { Feed, Moment } from "./feed.ts";
import { Interpolation } from "./interpolation.ts";

export class WatchedFeed<S extends Fields, I extends Fields> implements Feed<S, I> {
  readonly seat = undefined;
  readonly names: readonly string[];
  readonly options: Readonly<Record<string, number>>;
  readonly #match: WatchedMatch<S>;
  readonly #interpolation: Interpolation<S>;
  readonly #stop: () => void;

  constructor(match: WatchedMatch<S>, game: Game<S, I>, names: readonly string[]) {
    this.#match = match;
    this.names = names;
    this.options = match.options;
    this.#interpolation = new Interpolation(game.tickRate || 1);
    this.#stop = match.onSnapshot(({ tick, state }) => this.#interpolation.add(tick, state, performance.now()));
    if (match.latest) this.#interpolation.add(match.latest.tick, match.latest.state, performance.now());
  }

  moment(now: number): Moment<S> | undefined {
    return this.#interpolation.at(now);
  }

  predicted(): undefined {
    return undefined;
  }

  onCorrection(): () => void {
    return () => undefined;
  }

  onState(listener: (state: StateOf<S>, tick: number) => void): () => void {
    if (this.#match.latest) listener(this.#match.latest.state, this.#match.latest.tick);
    return this.#match.onSnapshot(({ state, tick }) => listener(state, tick));
  }

  input(): void {
    // spectators only look on
  }

  stop(): void {
    this.#stop();
  }
}
