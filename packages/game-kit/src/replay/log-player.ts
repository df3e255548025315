import type { Game, GameResult } from "../game.ts";
import type { Simulation } from "../engine/simulation.ts";
import { BadReplayError } from "../log/bad-replay-error.ts";
import { InputRecords, type RecordReader } from "../log/input-records.ts";
import type { Fields } from "../schema/schema.ts";

/**
 * Plays records into a simulation. A shard does this with the log of a match that it takes over; a replay does it too.
 */
export class LogPlayer<S extends Fields = Fields, I extends Fields = Fields> implements RecordReader {
  readonly simulation: Simulation<S, I>;
  readonly left: boolean[];
  result: GameResult | undefined;
  /** The reason for the result. */
  ended: "played" | "forfeit" | undefined;
  readonly records: InputRecords;
  #anyLeft = false;

  constructor(simulation: Simulation<S, I>) {
    this.simulation = simulation;
    this.left = Array.from({ length: simulation.seats }, () => false);
    const { game, seats, memory } = simulation;
    this.records = new InputRecords(game as unknown as Game, seats, memory);
  }

  /** By seat: the last sequence number that was applied. */
  get seqs(): Uint32Array {
    const seqs = new Uint32Array(this.simulation.seats);
    this.records.copySeqs(seqs);
    return seqs;
  }

  /** @throws MalformedBitsError, BadReplayError, or whatever the game throws. */
  play(record: Uint8Array): void {
    if (this.result) throw new BadReplayError("the log continues after the end of the match");
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
   * Plays a whole log. If a state is given, the records before it are read for their held inputs but not simulated.
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
    if (from && at < from.tick)
      throw new BadReplayError(`the state is of tick ${from.tick}, but the log has only ${at} ticks`);
  }

  #skim(record: Uint8Array): void {
    this.records.read(record, this);
    this.simulation.spendInputs();
  }

  /** Called by the record reader only. */
  onInput(seat: number, _seq: number, words: Int32Array, at: number): void {
    this.simulation.setInputWords(seat, words, at);
  }

  /** Called by the record reader only. */
  onLeft(seat: number): void {
    this.left[seat] = true;
    this.#anyLeft = true;
    this.simulation.clearInput(seat);
  }
}
