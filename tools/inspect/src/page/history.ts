// The ticks of an inspected match that are kept, and what they add up to.
import { type FoundProblem, ProblemList } from "@muster/game-kit/trial";
import type { FieldCost, TickLine, TickRecord } from "./messages.ts";

/** Older ticks are dropped: five minutes of a game with 60 ticks a second. */
const TICKS_MAX = 18_000;
/** Of all kept ticks together, each with the state, a copy of it as each client has it, and the moment: at most some 500 MB. */
const NUMBERS_MAX = 60_000_000;

interface Kept {
  readonly record: TickRecord;
  /** Which version of the rules made it. */
  readonly rules: number;
}

export class History {
  #kept: Kept[];
  #rules = 1;
  #problems = new ProblemList();
  #costs = new Map<string, { changes: number; bits: number }>();

  constructor(first: TickRecord) {
    this.#kept = [{ record: first, rules: 1 }];
  }

  get first(): TickRecord {
    return (this.#kept[0] as Kept).record;
  }

  get newest(): TickRecord {
    return (this.#kept.at(-1) as Kept).record;
  }

  /** The nearest that there is. */
  at(tick: number): TickRecord {
    const at = Math.max(0, Math.min(this.#kept.length - 1, tick - this.first.tick));
    return (this.#kept[at] as Kept).record;
  }

  push(record: TickRecord): void {
    this.#kept.push({ record, rules: this.#rules });
    // The ticks of a match are all of one size.
    const ticksMax = Math.max(1, Math.min(TICKS_MAX, Math.floor(NUMBERS_MAX / numbersOf(record))));
    while (this.#kept.length > ticksMax) this.#kept.shift();
    this.#add(record);
  }

  /** Forgets what came after this tick. */
  cutAfter(tick: number): void {
    this.#kept.length = Math.max(1, Math.min(this.#kept.length, tick - this.first.tick + 1));
    this.#sumUp();
  }

  /** From now on, other rules: what was wrong with the old ones is no longer said. */
  rulesChanged(): void {
    this.#rules++;
    this.#sumUp();
  }

  recent(tick: number, count: number): TickLine[] {
    const end = tick - this.first.tick + 1;
    return this.#kept.slice(Math.max(0, end - count), end).map(({ record }) => ({
      tick: record.tick,
      hash: record.hash,
      deltaBytes: record.bytes.delta,
      inputBytes: record.bytes.inputs,
      problems: record.problems.length,
    }));
  }

  get problems(): FoundProblem[] {
    return this.#problems.all;
  }

  /** The most expensive first. */
  get fields(): FieldCost[] {
    return [...this.#costs].map(([path, cost]) => ({ path, ...cost })).toSorted((a, b) => b.bits - a.bits);
  }

  #sumUp(): void {
    this.#problems = new ProblemList();
    this.#costs = new Map();
    for (const { record, rules } of this.#kept) if (rules === this.#rules) this.#add(record);
  }

  #add({ tick, problems, changes, bits }: TickRecord): void {
    this.#problems.add(problems, tick);
    for (const { path } of changes) this.#cost(path).changes++;
    for (const { path, bits: some } of bits) this.#cost(path).bits += some;
  }

  #cost(path: string): { changes: number; bits: number } {
    const name = path.replaceAll(/\[\d+\]/g, "[]");
    const found = this.#costs.get(name) ?? { changes: 0, bits: 0 };
    this.#costs.set(name, found);
    return found;
  }
}

function numbersOf({ words, seen, moment }: TickRecord): number {
  return words.length + seen.reduce((sum, client) => sum + client.words.length, 0) + moment.memory.length;
}
