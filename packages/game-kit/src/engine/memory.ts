// On the hot path, with everything that a tick reads or writes: design/realtime/performance.md.
//
// Where what changes with a tick lies in a match's memory, one Int32Array. No other file counts words:
//
//   the state | seat by seat: 1 or 0, is there an input | seat by seat: the input | seat by seat: a record entry
//
// One array is one object, and a tick that comes back from memory fetches it as lines that follow each other.

/** A record entry (log/input-records.ts): the last sequence number of any record; what the record being made says; its input. */
export const ENTRY_LAST_SEQ = 0;
export const ENTRY_CODE = 1;
export const ENTRY_SEQ = 2;
export const ENTRY_INPUT = 3;

/** Of all matches of a game with so many seats. */
export class MemoryMap {
  readonly seats: number;
  /** The state lies from 0 up to here, and the flags of the inputs from here. */
  readonly stateWords: number;
  /** Of one seat's input. */
  readonly inputWords: number;
  readonly inputsAt: number;
  readonly entriesAt: number;
  /** Of one record entry. */
  readonly entryWords: number;
  /** Of all. */
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
