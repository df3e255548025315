// The feed of a replay: the match is simulated again in this page, at any speed, from any tick.
import { type Fields, type Game, plainOf, Replay, type ReplaySetup, type StateOf } from "@muster/game-kit";
import { signal } from "@preact/signals";
import type { Feed, Moment } from "./feed.ts";

/** A tab that was in the background goes on where it was. */
const FRAME_MS_MAX = 250;
/** A game without a clock has a record for each move: they are shown at this pace. */
const MOVES_PER_S = 1;

export class ReplayFeed<S extends Fields, I extends Fields> implements Feed<S, I> {
  readonly seat = undefined;
  readonly names: readonly string[];
  readonly options: Readonly<Record<string, number>>;
  readonly ticks: number;
  readonly playing = signal(false);
  readonly speed = signal(1);
  /** The newest tick whose state is drawn, and that state's hash. */
  readonly shown: { value: { readonly tick: number; readonly hash: string } };
  readonly #game: Game<S, I>;
  readonly #replay: Replay<S, I>;
  readonly #ticksPerMs: number;
  readonly #listeners = new Set<(state: StateOf<S>, tick: number) => void>();
  #from: StateOf<S>;
  #to: StateOf<S>;
  /** In ticks: the whole part is behind us, the rest is the way from one state to the next. */
  #position = 0;
  #frame: number | undefined;

  /** @throws BadReplayError */
  constructor(game: Game<S, I>, setup: ReplaySetup, log: Uint8Array, names: readonly string[]) {
    this.#game = game;
    this.#replay = new Replay(game, setup, log);
    this.ticks = this.#replay.ticks;
    this.names = names;
    this.options = setup.options;
    this.#ticksPerMs = (game.tickRate || MOVES_PER_S) / 1000;
    this.#from = this.#to = plainOf(game.state, this.#replay.state);
    this.shown = signal({ tick: 0, hash: this.#replay.hash });
  }

  moment(): Moment<S> {
    const { tick } = this.#replay;
    return { from: this.#from, to: this.#to, share: 1 - (tick - this.#position), tick };
  }

  predicted(): undefined {
    return undefined;
  }

  onCorrection(): () => void {
    return () => undefined;
  }

  onState(listener: (state: StateOf<S>, tick: number) => void): () => void {
    this.#listeners.add(listener);
    listener(this.#to, this.#replay.tick);
    return () => this.#listeners.delete(listener);
  }

  input(): void {
    // what was played is played
  }

  /** From the end it begins anew. */
  play(): void {
    if (this.playing.value) return;
    if (this.#replay.tick === this.ticks) this.seek(0);
    this.playing.value = true;
    let before = performance.now();
    const go = (now: number): void => {
      this.#advance(Math.min(FRAME_MS_MAX, Math.max(0, now - before)));
      before = now;
      if (this.playing.value) this.#frame = requestAnimationFrame(go);
    };
    this.#frame = requestAnimationFrame(go);
  }

  pause(): void {
    this.playing.value = false;
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    this.#position = this.#replay.tick;
  }

  seek(tick: number): void {
    this.#replay.seek(Math.min(this.ticks, Math.max(0, Math.round(tick))));
    this.#position = this.#replay.tick;
    this.#from = this.#to = plainOf(this.#game.state, this.#replay.state);
    this.#tell();
  }

  step(by: 1 | -1): void {
    this.pause();
    this.seek(this.#replay.tick + by);
  }

  stop(): void {
    this.pause();
    this.#listeners.clear();
  }

  #advance(ms: number): void {
    this.#position = Math.min(this.ticks, this.#position + ms * this.#ticksPerMs * this.speed.value);
    const wanted = Math.ceil(this.#position);
    if (wanted > this.#replay.tick) {
      while (this.#replay.tick < wanted) {
        this.#replay.forward();
        this.#from = this.#to;
        this.#to = plainOf(this.#game.state, this.#replay.state);
        for (const listener of this.#listeners) listener(this.#to, this.#replay.tick);
      }
      this.shown.value = { tick: this.#replay.tick, hash: this.#replay.hash };
    }
    if (this.#position === this.ticks) this.pause();
  }

  #tell(): void {
    const { tick, hash } = this.#replay;
    this.shown.value = { tick, hash };
    for (const listener of this.#listeners) listener(this.#to, tick);
  }
}
