import { type Fields, type Game, type Snapshot, SnapshotDecoder } from "@muster/game-kit";

/** A match that this client looks on at. */
export class WatchedMatch<S extends Fields = Fields> {
  readonly matchId: string;
  /** What is shown is this old, milliseconds. */
  delayMs = 0;
  /** Resolves with why there is nothing more to see: ended, cancelled, stopped, bad_frame, or a code of the error table. */
  readonly ended: Promise<string>;
  framesApplied = 0;
  readonly #decoder: SnapshotDecoder<S>;
  readonly #listeners = new Set<(snapshot: Snapshot<S>) => void>();
  readonly #end: (reason: string) => void;
  #latest: Snapshot<S> | undefined;

  constructor(matchId: string, game: Game<S>) {
    this.matchId = matchId;
    this.#decoder = new SnapshotDecoder(game as unknown as Game<S, Fields>);
    const { promise, resolve } = Promise.withResolvers<string>();
    this.ended = promise;
    this.#end = resolve;
  }

  /** The newest snapshot; its state is a live view. */
  get latest(): Snapshot<S> | undefined {
    return this.#latest;
  }

  /** Hash of the state that is shown. */
  get stateHash(): string {
    return this.#decoder.hash();
  }

  /** Called after every frame. @returns a function that ends it. */
  onSnapshot(listener: (snapshot: Snapshot<S>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** For the connection only. */
  onFrame(frame: Uint8Array): void {
    const snapshot = this.#decoder.apply(frame);
    if (!snapshot) return; // it does not follow: a keyframe comes
    this.framesApplied++;
    this.#latest = snapshot;
    for (const listener of this.#listeners) listener(snapshot);
  }

  /** For the connection only. */
  onEnded(reason: string): void {
    this.#end(reason);
  }
}
