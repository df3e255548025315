// A match played again from its input log: forwards to any tick, at the speed of the machine; backwards by playing from
// the last state that was kept. And the judge of a log: whether it leads to the result that was stored.
import { MalformedBitsError } from "./bits.ts";
import type { Game, GameOptions, GameResult } from "./game.ts";
import { InputRecords, type RecordReader } from "./input-record.ts";
import { recordsOf } from "./record-log.ts";
import { Simulation } from "./simulation.ts";
import type { Fields, StateOf } from "./schema.ts";

/** What was played: from the match's row. */
export interface ReplaySetup {
  readonly seed: number;
  readonly seats: number;
  readonly options: GameOptions;
}

/** The log does not fit the game: another build, or damage. */
export class BadReplayError extends Error {
  override readonly name = "BadReplayError";
}

/** A state is kept every so many ticks: seeking back plays at most this many. */
const KEPT_EVERY_TICKS = 256;

interface Kept {
  readonly words: Int32Array;
  readonly inputs: readonly (Int32Array | undefined)[];
  readonly left: readonly boolean[];
}

/**
 * Plays records into a simulation: what the shard does with a log that it takes over, and what a replay is.
 */
export class LogPlayer<S extends Fields = Fields, I extends Fields = Fields> implements RecordReader {
  readonly simulation: Simulation<S, I>;
  readonly left: boolean[];
  result: GameResult | undefined;
  /** Why there is a result. */
  ended: "played" | "forfeit" | undefined;
  readonly records: InputRecords;
  #anyLeft = false;

  constructor(simulation: Simulation<S, I>) {
    this.simulation = simulation;
    this.left = Array.from({ length: simulation.seats }, () => false);
    const { game, seats, memory, recordsAt } = simulation;
    this.records = new InputRecords(game as unknown as Game, seats, memory, recordsAt);
  }

  /** By seat: the last sequence number that was applied. */
  get seqs(): Uint32Array {
    const seqs = new Uint32Array(this.simulation.seats);
    this.records.copySeqs(seqs);
    return seqs;
  }

  /** @throws MalformedBitsError, BadReplayError, or whatever the game throws. */
  play(record: Uint8Array): void {
    if (this.result) throw new BadReplayError("the log goes on after the end of the match");
    this.#anyLeft = false;
    this.records.read(record, this);
    if (this.#anyLeft && this.left.filter((gone) => !gone).length <= 1) {
      this.ended = "forfeit";
      this.result = this.simulation.forfeit(this.left);
      return;
    }
    this.result = this.simulation.step();
    if (this.result) this.ended = "played";
  }

  /**
   * A whole log. From a state that is known, what came before is read for the inputs that hold, and not simulated.
   * @throws as play
   */
  playAll(log: Iterable<Uint8Array>, from?: { readonly tick: number; readonly words: Int32Array }): void {
    let at = 0;
    for (const record of log) {
      at++;
      if (!from || at > from.tick) this.play(record);
      else this.#skim(record);
      if (at === from?.tick) this.simulation.goTo(from.words, at);
    }
    if (from && at < from.tick) throw new BadReplayError(`a state of tick ${from.tick} for a log of ${at}`);
  }

  #skim(record: Uint8Array): void {
    this.records.read(record, this);
    this.simulation.spendInputs();
  }

  /** For the records only. */
  onInput(seat: number, _seq: number, words: Int32Array, at: number): void {
    this.simulation.setInputWords(seat, words, at);
  }

  /** For the records only. */
  onLeft(seat: number): void {
    this.left[seat] = true;
    this.#anyLeft = true;
    this.simulation.clearInput(seat);
  }
}

/** An ended match, to be looked at. */
export class Replay<S extends Fields = Fields, I extends Fields = Fields> {
  readonly ticks: number;
  readonly #game: Game<S, I>;
  readonly #setup: ReplaySetup;
  readonly #records: readonly Uint8Array[];
  readonly #kept = new Map<number, Kept>();
  #player: LogPlayer<S, I>;
  #at = 0;

  /** @throws BadReplayError for bytes that are no log of this game. */
  constructor(game: Game<S, I>, setup: ReplaySetup, log: Uint8Array) {
    this.#game = game;
    this.#setup = setup;
    this.#records = wrapped(() => [...recordsOf(log)]);
    this.ticks = this.#records.length;
    this.#player = this.#fresh();
  }

  /** Records that have been played. */
  get tick(): number {
    return this.#at;
  }

  /** A live view. */
  get state(): StateOf<S> {
    return this.#player.simulation.state;
  }

  get hash(): string {
    return this.#player.simulation.hash();
  }

  get result(): GameResult | undefined {
    return this.#player.result;
  }

  get ended(): "played" | "forfeit" | undefined {
    return this.#player.ended;
  }

  /** @returns false at the end. @throws BadReplayError */
  forward(): boolean {
    const record = this.#records[this.#at];
    if (!record) return false;
    wrapped(() => this.#player.play(record));
    this.#at++;
    if (this.#at % KEPT_EVERY_TICKS === 0 && !this.#kept.has(this.#at)) this.#keep();
    return true;
  }

  /** To any tick, 0 to `ticks`. @throws RangeError, BadReplayError */
  seek(tick: number): void {
    if (!Number.isInteger(tick) || tick < 0 || tick > this.ticks)
      throw new RangeError(`the replay has the ticks 0 to ${this.ticks}, not ${tick}`);
    if (tick < this.#at) this.#restore(Math.floor(tick / KEPT_EVERY_TICKS) * KEPT_EVERY_TICKS);
    while (this.#at < tick) this.forward();
  }

  /** Waits between the ticks as the game did: `speed` 1; 0.5 is half as fast. Ends at the end, or when aborted. */
  async play(speed: number, onTick: (replay: this) => void, signal?: AbortSignal): Promise<void> {
    if (!(speed > 0)) throw new RangeError(`a speed is above 0, not ${speed}`);
    const rate = this.#game.tickRate > 0 ? this.#game.tickRate : 1;
    const [from, startedAt] = [this.#at, performance.now()];
    while (!signal?.aborted && this.forward()) {
      onTick(this);
      const due = startedAt + ((this.#at - from) * 1000) / (rate * speed);
      const wait = due - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }

  #fresh(): LogPlayer<S, I> {
    return new LogPlayer(wrapped(() => new Simulation(this.#game, this.#setup)));
  }

  #keep(): void {
    const { simulation, left } = this.#player;
    this.#kept.set(this.#at, { words: simulation.words.slice(), inputs: simulation.heldInputs(), left: [...left] });
  }

  #restore(tick: number): void {
    this.#player = this.#fresh();
    this.#at = 0;
    const kept = this.#kept.get(tick);
    if (!kept) return;
    const { simulation, left } = this.#player;
    simulation.restore(kept.words, tick, kept.inputs);
    left.splice(0, left.length, ...kept.left);
    this.#at = tick;
  }
}

/** What a stored match claims. */
export interface ReplayClaim {
  readonly ticks: number;
  readonly stateHash: string;
  /** By seat; undefined for a match that was cancelled. */
  readonly seats: readonly { readonly score: number; readonly rank: number }[] | undefined;
}

/** Simulates the whole match again. @returns what is wrong; empty when the claim is true. */
export function verifyReplay(game: Game, setup: ReplaySetup, log: Uint8Array, claim: ReplayClaim): string[] {
  try {
    const replay = new Replay(game, setup, log);
    replay.seek(replay.ticks);
    const problems: string[] = [];
    const ticks = replay.ended === "forfeit" ? replay.ticks - 1 : replay.ticks;
    if (ticks !== claim.ticks) problems.push(`${ticks} ticks, not ${claim.ticks}`);
    if (replay.hash !== claim.stateHash) problems.push(`the state hash is ${replay.hash}, not ${claim.stateHash}`);
    const seats = replay.result?.seats.map(({ score, rank }) => ({ score, rank }));
    const claimed = claim.seats?.map(({ score, rank }) => ({ score, rank }));
    if (JSON.stringify(seats) !== JSON.stringify(claimed)) problems.push("the result is another one");
    return problems;
  } catch (err) {
    if (err instanceof BadReplayError) return [err.message];
    throw err;
  }
}

/** A log as it is stored: sealed with FNV-1a (32 bits, Fowler/Noll/Vo) of its bytes, then deflated (RFC 1951). */
export async function packLog(log: Uint8Array): Promise<Uint8Array> {
  const sealed = new Uint8Array(log.length + SEAL_BYTES);
  sealed.set(log);
  new DataView(sealed.buffer).setUint32(log.length, fnv1a(log), true);
  return through(sealed, new CompressionStream("deflate-raw"));
}

/** @throws BadReplayError for bytes of which even one bit is not as it was. */
export async function unpackLog(packed: Uint8Array): Promise<Uint8Array> {
  const sealed = await through(packed, new DecompressionStream("deflate-raw")).catch((err: unknown) => {
    throw new BadReplayError("the log is damaged: it does not inflate", { cause: err });
  });
  const log = sealed.subarray(0, Math.max(0, sealed.length - SEAL_BYTES));
  const seal = sealed.length < SEAL_BYTES ? -1 : new DataView(sealed.buffer).getUint32(log.length, true);
  if (seal !== fnv1a(log)) throw new BadReplayError("the log is damaged: its seal is broken");
  return log;
}

const SEAL_BYTES = 4;

function fnv1a(bytes: Uint8Array): number {
  let h = 0x811c9dc5;
  for (const byte of bytes) h = Math.imul(h ^ byte, 0x01000193);
  return h >>> 0;
}

async function through(bytes: Uint8Array, stream: CompressionStream | DecompressionStream): Promise<Uint8Array> {
  const readable = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(stream);
  return new Uint8Array(await new Response(readable).arrayBuffer());
}

function wrapped<T>(work: () => T): T {
  try {
    return work();
  } catch (err) {
    if (err instanceof BadReplayError) throw err;
    const what = err instanceof MalformedBitsError ? "the log is damaged" : "the game refuses the log";
    throw new BadReplayError(`${what}: ${(err as Error).message}`, { cause: err });
  }
}
