// What a game's board shows and where its inputs go, whether the match is played, watched or replayed.
import type { Fields, StateOf } from "@muster/game-kit";

/** Two states that follow one another, and how far the time between them has gone: 0 to 1. */
export interface Moment<S extends Fields> {
  readonly from: StateOf<S>;
  readonly to: StateOf<S>;
  readonly share: number;
  readonly tick: number;
}

export interface Feed<S extends Fields = Fields, I extends Fields = Fields> {
  /** The player's seat; undefined for who only looks on. */
  readonly seat: number | undefined;
  /** By seat. */
  readonly names: readonly string[];
  readonly options: Readonly<Record<string, number>>;
  /** What happens now, by the server's states: a little in the past, so that there are always two to draw between. */
  moment(now: number): Moment<S> | undefined;
  /** The player's own part ahead of the server; undefined where nothing is predicted. Simulates: call it once a frame. */
  predicted(now: number): Moment<S> | undefined;
  /** Calls `listener` after the server contradicted the prediction. @returns a function that unsubscribes */
  onCorrection(listener: (before: StateOf<S>, after: StateOf<S>) => void): () => void;
  /** Calls `listener` at each new state. @returns a function that unsubscribes */
  onState(listener: (state: StateOf<S>, tick: number) => void): () => void;
  /** Held inputs: until another one is held. Events: once. Does nothing for who only looks on. */
  input(input: StateOf<I>): void;
  stop(): void;
}
