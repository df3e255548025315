import {
  type Fields,
  type Game,
  type GameOptions,
  type Snapshot,
  SnapshotDecoder,
  type SnapshotView,
} from "@muster/game-kit";

/** A match that this client watches. */
export class WatchedMatch<S extends Fields = Fields> {
  readonly matchId: string;
  /** How far behind the match spectators are, in milliseconds. */
  delayMs = 0;
  /** The game's options, including defaults. */
  options: GameOptions = {};
  /** Resolves with the reason why watching ended: ended, cancelled, stopped, bad_frame, or a code of the error table. */
  readonly ended: Promise<string>;
  framesApplied = 0;
  readonly #decoder: SnapshotDecoder<S>;
  readonly #listeners = new Set<(snapshot: Snapshot<S>) => void>();
  readonly #viewListeners = new Set<(view: SnapshotView<S>) => void>();
  readonly #end: (reason: string) => void;
  /** Created on demand. */
  #latest: Snapshot<S> | undefined;
  #view: SnapshotView<S> | undefined;

  constructor(matchId: string, game: Game<S>) {
    this.matchId = matchId;
    this.#decoder = new SnapshotDecoder(game as unknown as Game<S, Fields>);
    const { promise, resolve } = Promise.withResolvers<string>();
    this.ended = promise;
    this.#end = resolve;
  }

  /** The newest snapshot as plain frozen objects, which you can keep. */
  get latest(): Snapshot<S> | undefined {
    return (this.#latest ??= this.#decoder.snapshot());
  }

  /** A live view of the newest state, without a copy: after the next frame it shows the new state. */
  get view(): SnapshotView<S> | undefined {
    return this.#view;
  }

  /** Hash of the newest state. */
  get stateHash(): string {
    return this.#decoder.hash();
  }

  /** Calls `listener` after every frame, each time with a new object. @returns a function that unsubscribes */
  onSnapshot(listener: (snapshot: Snapshot<S>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Like `onSnapshot`, without a copy: read the view immediately, because the next frame changes it. @returns a function that unsubscribes */
  onView(listener: (view: SnapshotView<S>) => void): () => void {
    this.#viewListeners.add(listener);
    return () => this.#viewListeners.delete(listener);
  }

  /** For the connection only. */
  onWatching({ delayMs, options }: { readonly delayMs: number; readonly options: GameOptions }): void {
    this.delayMs = delayMs;
    this.options = options;
  }

  /** For the connection only. */
  onFrame(frame: Uint8Array): void {
    const view = this.#decoder.apply(frame);
    if (!view) return; // an earlier frame is missing: a keyframe follows
    this.framesApplied++;
    this.#view = view;
    this.#latest = undefined;
    for (const listener of this.#viewListeners) listener(view);
    if (this.#listeners.size === 0) return;
    const snapshot = this.latest as Snapshot<S>;
    for (const listener of this.#listeners) listener(snapshot);
  }

  /** For the connection only. */
  onEnded(reason: string): void {
    this.#end(reason);
  }
}
