import type { MatchEnded, MatchJoined, SeatStatus } from "@muster/contracts/realtime/v1/client";
import {
  type Fields,
  type Game,
  type GameOptions,
  type InputCodec,
  inputCodecOf,
  type Snapshot,
  SnapshotDecoder,
  type SnapshotView,
  type StateOf,
} from "@muster/game-kit";
import { OutgoingInputs } from "./outgoing-inputs.ts";

export type MatchEnd =
  | {
      readonly kind: "ended";
      readonly reason: string;
      /** By seat. */
      readonly seats: readonly { readonly score: number; readonly rank: number }[];
      readonly ticks: number;
      readonly stateHash: string;
    }
  /** `reason`: of the realtime contract; or, of this SDK, bad_frame: what came could not be read. */
  | { readonly kind: "cancelled"; readonly reason: string };

/** The shard still takes an input that is so many ticks late, less what the estimate may be wrong by. */
const LATE_TICKS = 25;
/** Without a frame for so long it is an outage. */
const AWAY_MS = 500;

/** A match that this client plays: snapshots in, inputs out. */
export class PlayingMatch<S extends Fields = Fields, I extends Fields = Fields> {
  readonly matchId: string;
  readonly seat: number;
  readonly tickRate: number;
  /** Players in this match. */
  readonly seats: number;
  /** The game's options, defaults filled in. */
  readonly options: GameOptions;
  /** Resolves when the match is over. */
  readonly ended: Promise<MatchEnd>;
  /** Frames that could not be used, because they did not follow: a keyframe came next. */
  framesSkipped = 0;
  framesApplied = 0;
  /** Inputs that the shard refused, by code. */
  readonly refusals = new Map<string, number>();
  readonly #decoder: SnapshotDecoder<S>;
  readonly #input: InputCodec<I>;
  readonly #outgoing: OutgoingInputs;
  readonly #heldInputs: boolean;
  readonly #listeners = new Set<(snapshot: Snapshot<S>) => void>();
  readonly #viewListeners = new Set<(view: SnapshotView<S>) => void>();
  readonly #statusListeners = new Set<(status: { seat: number; connected: boolean; graceMs: number }) => void>();
  readonly #end: (end: MatchEnd) => void;
  /** Made when somebody wants it. */
  #latest: Snapshot<S> | undefined;
  #view: SnapshotView<S> | undefined;
  /** When it came, on the clock of performance.now(). */
  #latestAt = 0;
  #matchSeq = 0;

  constructor(joined: MatchJoined, game: Game<S, I>, send: (frame: Uint8Array) => void) {
    this.matchId = joined.matchId;
    this.seat = joined.seat;
    this.tickRate = joined.tickRate;
    this.seats = joined.seats;
    this.options = joined.options;
    this.#decoder = new SnapshotDecoder(game as unknown as Game<S, Fields>);
    this.#input = inputCodecOf(game.input);
    this.#heldInputs = game.inputMode === "held";
    this.#outgoing = new OutgoingInputs(joined.lastInputSeq, {
      mode: game.inputMode,
      tickRate: joined.tickRate,
      send,
      onDropped: (code) => this.onRefused(code, 1),
    });
    const { promise, resolve } = Promise.withResolvers<MatchEnd>();
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

  /** The newest state's words, a live view: for a prediction. */
  get words(): Int32Array {
    return this.#decoder.words;
  }

  /** Hash of the state that this client holds: equals the shard's at the same tick, when the game redacts nothing. */
  get stateHash(): string {
    return this.#decoder.hash();
  }

  /** Number of the newest control message of this match: the server sends again what is above it. */
  get matchSeq(): number {
    return this.#matchSeq;
  }

  /** For the connection only: it has begun, and every tick is shown. */
  get ticks(): boolean {
    return this.tickRate > 0 && this.#view !== undefined;
  }

  /** For the connection only. @returns false for a message that has been here before */
  isNews(matchSeq: number): boolean {
    if (matchSeq === 0) return true;
    if (matchSeq <= this.#matchSeq) return false;
    this.#matchSeq = matchSeq;
    return true;
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

  /** Called when another player drops or comes back. */
  onSeatStatus(listener: (status: { seat: number; connected: boolean; graceMs: number }) => void): () => void {
    this.#statusListeners.add(listener);
    return () => this.#statusListeners.delete(listener);
  }

  /**
   * Inputs are sent at the pace of the match, however often this is called: of held ones the newest counts, events wait for
   * their turn.
   * `tick`: when it shall count; 0: as soon as possible. @returns its sequence number, see Snapshot.acks.
   */
  send(input: StateOf<I>, tick = 0): number {
    // After an outage the caller's idea of the tick is as old: what is held counts all the same.
    const away = performance.now() - this.#latestAt > AWAY_MS;
    const late = this.#heldInputs && away && tick !== 0 && tick < this.#oldestTick();
    return this.#outgoing.add(this.#input.encode(input), late ? 0 : tick);
  }

  /** For the connection only. */
  onFrame(frame: Uint8Array): void {
    const view = this.#decoder.apply(frame);
    if (!view) {
      this.framesSkipped++;
      return;
    }
    this.framesApplied++;
    this.#view = view;
    this.#latest = undefined;
    this.#latestAt = performance.now();
    this.#outgoing.forget(view.acks[this.seat] ?? 0);
    for (const listener of this.#viewListeners) listener(view);
    if (this.#listeners.size === 0) return;
    const snapshot = this.latest as Snapshot<S>;
    for (const listener of this.#listeners) listener(snapshot);
  }

  /** For the connection only: after a reconnect (`cut`), or when the match has moved. The shard says which inputs it has. */
  onResumed(joined: MatchJoined, cut: boolean): void {
    this.#outgoing.resume(joined.lastInputSeq, cut ? this.#oldestTick() : 0);
  }

  /** Inputs that name an earlier one come too late, as far as we know. */
  #oldestTick(): number {
    if (!this.#view) return 0;
    const since = Math.floor(((performance.now() - this.#latestAt) / 1000) * this.tickRate);
    return this.#view.tick + since - LATE_TICKS;
  }

  /** For the connection only. */
  onSeat({ seat, connected, graceMs }: SeatStatus): void {
    for (const listener of this.#statusListeners) listener({ seat, connected, graceMs });
  }

  /** For the connection only. */
  onRefused(code: string, count: number): void {
    this.refusals.set(code, (this.refusals.get(code) ?? 0) + count);
  }

  /** For the connection only. */
  onEnded({ reason, seats, ticks, stateHash }: MatchEnded): void {
    this.#outgoing.stop();
    const bySeat = seats.toSorted((a, b) => a.seat - b.seat).map(({ score, rank }) => ({ score, rank }));
    this.#end({ kind: "ended", reason, seats: bySeat, ticks, stateHash });
  }

  /** For the connection only. */
  onCancelled(reason: string): void {
    this.#outgoing.stop();
    this.#end({ kind: "cancelled", reason });
  }
}
