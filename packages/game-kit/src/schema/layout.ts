// Maps a schema to one Int32Array, so that copying, hashing and comparing states are loops over words.
import { type Fields, rangeOf, type Scalar, type StateOf } from "./schema.ts";
import { type Cursor, structView } from "./struct-view.ts";

/** One word of the state. */
export interface Slot {
  readonly path: string;
  readonly bits: number;
  readonly signed: boolean;
  readonly min: number;
  readonly max: number;
  /** Index of the slot by which this one is expected to grow; -1 when it is expected to stay. */
  readonly movesBy: number;
  readonly countsDown: boolean;
}

/** Words that mostly change together, from `from` up to but excluding `to`: the top level, or one element of a list. */
export interface Group {
  readonly from: number;
  readonly to: number;
}

export interface Layout<F extends Fields> {
  readonly slots: readonly Slot[];
  readonly groups: readonly Group[];
  readonly words: number;
  /** A live view of the words from `base` on. With `checked`, storing a fraction or an out-of-range value throws. */
  view(words: Int32Array, base: number, checked: boolean): StateOf<F>;
  /** The same for the words that the cursor points at: one view serves many states, one after the other. */
  viewAt(cursor: Cursor, base: number, checked: boolean): StateOf<F>;
}

export function layoutOf<F extends Fields>(fields: F): Layout<F> {
  const slots: Slot[] = [];
  const groups: Group[] = [];
  layOut(fields, "", slots, groups);
  const views = { plain: structView(fields, false), checked: structView(fields, true) };
  return {
    slots,
    groups,
    words: slots.length,
    view: (words, base, checked) => new (checked ? views.checked : views.plain)({ words }, base) as StateOf<F>,
    viewAt: (cursor, base, checked) => new (checked ? views.checked : views.plain)(cursor, base) as StateOf<F>,
  };
}

/** Scalars first, as one group; then the lists, one group per element. */
function layOut(fields: Fields, prefix: string, slots: Slot[], groups: Group[]): void {
  const from = slots.length;
  for (const [name, field] of Object.entries(fields)) {
    if (!/^[a-z][A-Za-z0-9]*$/.test(name)) throw new RangeError(`field names must be camelCase: ${prefix}${name}`);
    if (field.kind !== "list")
      slots.push(slotOf(prefix + name, field, (other) => slotIndex(slots, from, prefix + other, prefix + name)));
  }
  if (slots.length > from) groups.push({ from, to: slots.length });
  for (const [name, field] of Object.entries(fields)) {
    if (field.kind !== "list") continue;
    for (let i = 0; i < field.length; i++) layOut(field.fields, `${prefix}${name}[${i}].`, slots, groups);
  }
}

function slotOf(path: string, field: Scalar, indexOf: (name: string) => number): Slot {
  if (field.kind === "flag") return { path, bits: 1, signed: false, min: 0, max: 1, movesBy: -1, countsDown: false };
  const { movesBy, countsDown = false } = field.expects;
  return {
    path,
    bits: field.bits,
    signed: field.signed,
    ...rangeOf(field),
    movesBy: movesBy === undefined ? -1 : indexOf(movesBy),
    countsDown,
  };
}

function slotIndex(slots: readonly Slot[], from: number, path: string, user: string): number {
  const index = slots.findIndex((slot, i) => i >= from && slot.path === path);
  if (index < 0) throw new RangeError(`${user} moves by ${path}, which is not declared before it`);
  return index;
}
