import { type Fields, type Game, type Snapshot, SnapshotDecoder, type SnapshotView } from "@muster/game-kit";

/** A match that this client watches. */
export class WatchedMatch<S extends Fields = Fields> {
  readonly matchId: string;
  /** What is shown is this old, milliseconds. */
  delayMs = 0;
  /** Resolves with why there is nothing more to see: ended, cancelled, stopped, bad_frame, or a code of the error table. */
  readonly ended: Promise<string>;
  framesApplied = 0;
  readonly #decoder: SnapshotDecoder<S>;
  readonly #listeners = new Set<(snapshot: Snapshot<S>) => void>();
  readonly #viewListeners = new Set<(view: SnapshotView<S>) => void>();
  readonly #end: (reason: string) => void;
  /** Made when somebody wants it. */
  #latest: Snapshot<S> | undefined;
  #view: SnapshotView<S> | undefined;

  constructor(matchId: string, game: Game<S>) {
    this.matchId = matchId;
    this.#decoder = new SnapshotDecoder(game as unknown as Game<S, Fields>);
    const { promise, resolve } = Promise.withResolvers<string>();
    this.ended = promise;
    this.#end = resolve;
  }

  /** The newest snapshot, to keep: plain objects, frozen. */
  get latest(): Snapshot<S> | undefined {
    return (this.#latest ??= this.#decoder.snapshot());
  }

  /** The newest state without a copy: after the next frame it shows that one. */
  get view(): SnapshotView<S> | undefined {
    return this.#view;
  }

  /** Hash of the state that is shown. */
  get stateHash(): string {
    return this.#decoder.hash();
  }

  /** Called after every frame, with an object of its own. @returns a function that ends it. */
  onSnapshot(listener: (snapshot: Snapshot<S>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The same without a copy, for who reads it at once: it shows the next frame after that. @returns a function that ends it. */
  onView(listener: (view: SnapshotView<S>) => void): () => void {
    this.#viewListeners.add(listener);
    return () => this.#viewListeners.delete(listener);
  }

  /** For the connection only. */
  onFrame(frame: Uint8Array): void {
    const view = this.#decoder.apply(frame);
    if (!view) return; // it does not follow: a keyframe comes
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
