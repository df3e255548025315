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
  /** `reason`: a reason of the realtime contract, or this SDK's bad_frame: a frame could not be decoded. */
  | { readonly kind: "cancelled"; readonly reason: string };

/** How many ticks late an input may be for the shard to accept it, minus the estimate's error. */
const LATE_TICKS = 25;
/** No frame for this long counts as an outage. */
const AWAY_MS = 500;

/** A match that this client plays: it receives snapshots and sends inputs. */
export class PlayingMatch<S extends Fields = Fields, I extends Fields = Fields> {
  readonly matchId: string;
  readonly seat: number;
  readonly tickRate: number;
  /** The number of seats in this match. */
  readonly seats: number;
  /** The game's options, including defaults. */
  readonly options: GameOptions;
  /** Resolves when the match is over. */
  readonly ended: Promise<MatchEnd>;
  /** Frames that were skipped because an earlier one was missing; a keyframe follows. */
  framesSkipped = 0;
  framesApplied = 0;
  /** How many inputs the shard refused, by code. */
  readonly refusals = new Map<string, number>();
  readonly #decoder: SnapshotDecoder<S>;
  readonly #input: InputCodec<I>;
  readonly #outgoing: OutgoingInputs;
  readonly #heldInputs: boolean;
  readonly #listeners = new Set<(snapshot: Snapshot<S>) => void>();
  readonly #viewListeners = new Set<(view: SnapshotView<S>) => void>();
  readonly #statusListeners = new Set<(status: { seat: number; connected: boolean; graceMs: number }) => void>();
  readonly #end: (end: MatchEnd) => void;
  /** Created on demand. */
  #latest: Snapshot<S> | undefined;
  #view: SnapshotView<S> | undefined;
  /** When the newest frame arrived, by performance.now(). */
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

  /** The newest snapshot as plain frozen objects, which you can keep. */
  get latest(): Snapshot<S> | undefined {
    return (this.#latest ??= this.#decoder.snapshot());
  }

  /** A live view of the newest state, without a copy: after the next frame it shows the new state. */
  get view(): SnapshotView<S> | undefined {
    return this.#view;
  }

  /** A live view of the newest state's words, for a prediction. */
  get words(): Int32Array {
    return this.#decoder.words;
  }

  /** Hash of this client's state. It equals the shard's hash at the same tick, unless the game redacts. */
  get stateHash(): string {
    return this.#decoder.hash();
  }

  /** Number of the newest control message received for this match; after a reconnect the server resends those above it. */
  get matchSeq(): number {
    return this.#matchSeq;
  }

  /** For the connection only: the match has begun, and a frame comes every tick. */
  get ticks(): boolean {
    return this.tickRate > 0 && this.#view !== undefined;
  }

  /** For the connection only. @returns false for a message that was already received */
  isNews(matchSeq: number): boolean {
    if (matchSeq === 0) return true;
    if (matchSeq <= this.#matchSeq) return false;
    this.#matchSeq = matchSeq;
    return true;
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

  /** Calls `listener` when another player disconnects or returns. @returns a function that unsubscribes */
  onSeatStatus(listener: (status: { seat: number; connected: boolean; graceMs: number }) => void): () => void {
    this.#statusListeners.add(listener);
    return () => this.#statusListeners.delete(listener);
  }

  /**
   * Queues an input. However often you call this, inputs are sent at the pace of the match: of held inputs only the newest is
   * sent; events are sent one after the other.
   * `tick`: the tick in which the input applies; 0 means as soon as possible. @returns the input's sequence number, see Snapshot.acks
   */
  send(input: StateOf<I>, tick = 0): number {
    // After an outage the caller's tick is out of date: send the held input without one.
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

  /** For the connection only: after a reconnect (`cut`), or when the match has moved. `joined` says which inputs the shard has. */
  onResumed(joined: MatchJoined, cut: boolean): void {
    this.#outgoing.resume(joined.lastInputSeq, cut ? this.#oldestTick() : 0);
  }

  /** Estimates the oldest tick for which the shard still accepts an input. */
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
