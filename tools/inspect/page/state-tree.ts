// The words of a state, as its fields: structs, lists of structs, and what of them can be drawn as dots.
import type { SlotDescription } from "../src/page/messages.ts";

export interface Row {
  /** `players[0].x`. */
  readonly path: string;
  readonly slot: number;
}

/** A list of structs, as a table; or the fields that are in no list. */
export interface Section {
  readonly name: string;
  readonly columns: readonly string[];
  /** A row per element, a cell per column: the index of the word. */
  readonly rows: readonly (readonly number[])[];
}

/** A list whose elements have a place. */
export interface Dots {
  readonly name: string;
  readonly x: readonly number[];
  /** Empty for what has a place on a line. */
  readonly y: readonly number[];
  /** The flag that says whether the element is in use, if there is one. */
  readonly used: readonly number[];
}

const PATH = /^(?:(.*\[\d+\])\.)?([^.[\]]+)$/;
/** The kit's own. */
const OWN = /^kit\[/;

/** Lists inside of lists are sections of their own: `players[0].shots`. */
export function sectionsOf(slots: readonly SlotDescription[]): Section[] {
  const sections = new Map<string, Map<string, Map<string, number>>>();
  for (const [word, { path }] of slots.entries()) {
    if (OWN.test(path)) continue;
    const [, element = "", field = path] = PATH.exec(path) ?? [];
    const name = element.replace(/\[\d+\]$/, "");
    const rows = sections.get(name) ?? new Map<string, Map<string, number>>();
    sections.set(name, rows);
    const row = rows.get(element) ?? new Map<string, number>();
    rows.set(element, row.set(field, word));
  }
  return [...sections].map(([name, rows]) => {
    const all = [...rows.values()];
    return { name, columns: [...(all[0] as Map<string, number>).keys()], rows: all.map((row) => [...row.values()]) };
  });
}

/** Pairs of fields that say where something is, by their names. */
const PLACES = [
  ["x", "y"],
  ["posX", "posY"],
  ["px", "py"],
  ["column", "row"],
  ["col", "row"],
] as const;
const LINE = /^(x|at|pos|position)$/;
const USED = /^(live|alive|active|used|inUse)$/;

export function dotsOf(sections: readonly Section[]): Dots[] {
  return sections.flatMap(({ name, columns, rows }) => {
    const words = (field: string | undefined): number[] =>
      field === undefined ? [] : rows.map((row) => row[columns.indexOf(field)] as number);
    const used = words(columns.find((field) => USED.test(field)));
    const place = PLACES.find(([x, y]) => columns.includes(x) && columns.includes(y));
    if (place) return [{ name, x: words(place[0]), y: words(place[1]), used }];
    // On a line: one dot above the other.
    const line = name === "" ? undefined : columns.find((field) => LINE.test(field));
    return line === undefined ? [] : [{ name, x: words(line), y: [], used }];
  });
}

/** As the game has it: words are signed. */
export function valueOf({ bits, signed }: SlotDescription, word: number): number {
  return bits === 32 && !signed ? word >>> 0 : word;
}
