import type { MatchEnded, MatchJoined, SeatStatus } from "@muster/contracts/realtime/v1";
import {
  type Fields,
  type Game,
  type GameOptions,
  type InputCodec,
  inputCodecOf,
  type Snapshot,
  SnapshotDecoder,
  type StateOf,
} from "@muster/game-kit";
import { encodeInput } from "@muster/realtime";

export type MatchEnd =
  | {
      readonly kind: "ended";
      readonly reason: string;
      /** By seat. */
      readonly seats: readonly { readonly score: number; readonly rank: number }[];
      readonly ticks: number;
      readonly stateHash: string;
    }
  | { readonly kind: "cancelled"; readonly reason: string };

/** The shard keeps no more for a seat. */
const UNAPPLIED_MAX = 16;

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
  readonly #send: (frame: Uint8Array) => void;
  readonly #listeners = new Set<(snapshot: Snapshot<S>) => void>();
  readonly #statusListeners = new Set<(status: { seat: number; connected: boolean; graceMs: number }) => void>();
  readonly #end: (end: MatchEnd) => void;
  /** Sent and not applied yet, by sequence number, oldest first: another shard may never have had them. */
  readonly #unapplied = new Map<number, Uint8Array>();
  #seq = 0;
  #latest: Snapshot<S> | undefined;
  #matchSeq = 0;

  constructor(joined: MatchJoined, game: Game<S, I>, send: (frame: Uint8Array) => void) {
    this.matchId = joined.matchId;
    this.seat = joined.seat;
    this.tickRate = joined.tickRate;
    this.seats = joined.seats;
    this.options = joined.options;
    this.#decoder = new SnapshotDecoder(game as unknown as Game<S, Fields>);
    this.#input = inputCodecOf(game.input);
    this.#send = send;
    this.#seq = joined.lastInputSeq;
    const { promise, resolve } = Promise.withResolvers<MatchEnd>();
    this.ended = promise;
    this.#end = resolve;
  }

  /** The newest snapshot; its state is a live view. */
  get latest(): Snapshot<S> | undefined {
    return this.#latest;
  }

  /** The newest state's words, a live view: for a prediction. */
  get words(): Int32Array {
    return this.#decoder.words;
  }

  /** Hash of the state that this client holds: equals the shard's at the same tick, when the game conceals nothing. */
  get stateHash(): string {
    return this.#decoder.hash();
  }

  /** Number of the newest control message of this match: the server sends again what is above it. */
  get matchSeq(): number {
    return this.#matchSeq;
  }

  /** For the connection only. @returns false for a message that has been here before */
  isNews(matchSeq: number): boolean {
    if (matchSeq === 0) return true;
    if (matchSeq <= this.#matchSeq) return false;
    this.#matchSeq = matchSeq;
    return true;
  }

  /** Called after every frame. @returns a function that ends it. */
  onSnapshot(listener: (snapshot: Snapshot<S>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Called when another player drops or comes back. */
  onSeatStatus(listener: (status: { seat: number; connected: boolean; graceMs: number }) => void): () => void {
    this.#statusListeners.add(listener);
    return () => this.#statusListeners.delete(listener);
  }

  /** `tick`: when it shall count; 0: as soon as possible. @returns its sequence number, see Snapshot.acks. */
  send(input: StateOf<I>, tick = 0): number {
    this.#seq++;
    const frame = encodeInput(this.#seq, tick, this.#input.encode(input));
    this.#unapplied.set(this.#seq, frame);
    if (this.#unapplied.size > UNAPPLIED_MAX) this.#unapplied.delete(this.#unapplied.keys().next().value as number);
    this.#send(frame);
    return this.#seq;
  }

  /** For the connection only. */
  onFrame(frame: Uint8Array): void {
    const snapshot = this.#decoder.apply(frame);
    if (!snapshot) {
      this.framesSkipped++;
      return;
    }
    this.framesApplied++;
    this.#latest = snapshot;
    this.#forgetApplied(snapshot.acks[this.seat] ?? 0);
    for (const listener of this.#listeners) listener(snapshot);
  }

  /** For the connection only: after a reconnect, or when the match has moved. The shard says which inputs it has. */
  onResumed(joined: MatchJoined): void {
    this.#seq = Math.max(this.#seq, joined.lastInputSeq);
    this.#forgetApplied(joined.lastInputSeq);
    for (const frame of this.#unapplied.values()) this.#send(frame);
  }

  #forgetApplied(upTo: number): void {
    for (const seq of this.#unapplied.keys()) {
      if (seq > upTo) return;
      this.#unapplied.delete(seq);
    }
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
    const bySeat = seats.toSorted((a, b) => a.seat - b.seat).map(({ score, rank }) => ({ score, rank }));
    this.#end({ kind: "ended", reason, seats: bySeat, ticks, stateHash });
  }

  /** For the connection only. */
  onCancelled(reason: string): void {
    this.#end({ kind: "cancelled", reason });
  }
}
