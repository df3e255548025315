// On the hot path, with everything that a tick reads or writes: design/realtime/performance.md.
//
// The positions of per-tick values in a match's memory, one Int32Array. No other file computes offsets:
//
//   the state | per seat: 1 if there is an input, else 0 | per seat: the input | per seat: a record entry
//
// One array is one object, which the processor loads from memory as consecutive cache lines.

/** A record entry (log/input-records.ts): the last sequence number in any record; the seat's code in the current record; its input. */
export const ENTRY_LAST_SEQ = 0;
export const ENTRY_CODE = 1;
export const ENTRY_SEQ = 2;
export const ENTRY_INPUT = 3;

/** The map for all matches of a game with the same number of seats. */
export class MemoryMap {
  readonly seats: number;
  /** The state ends here, and the input flags start here. */
  readonly stateWords: number;
  /** Words of one seat's input. */
  readonly inputWords: number;
  readonly inputsAt: number;
  readonly entriesAt: number;
  /** Words of one record entry. */
  readonly entryWords: number;
  /** Words in total. */
  readonly words: number;

  constructor(stateWords: number, inputWords: number, seats: number) {
    this.seats = seats;
    this.stateWords = stateWords;
    this.inputWords = inputWords;
    this.inputsAt = stateWords + seats;
    this.entriesAt = this.inputsAt + seats * inputWords;
    this.entryWords = ENTRY_INPUT + inputWords;
    this.words = this.entriesAt + seats * this.entryWords;
  }

  /** The word that says whether the seat has an input. */
  hasInputAt(seat: number): number {
    return this.stateWords + seat;
  }

  inputAt(seat: number): number {
    return this.inputsAt + seat * this.inputWords;
  }

  entryAt(seat: number): number {
    return this.entriesAt + seat * this.entryWords;
  }
}
