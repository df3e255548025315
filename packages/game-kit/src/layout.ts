// Lays a schema out in one Int32Array: copying, hashing and comparing states are then loops over words.
import type { Field, Fields, StateOf } from "./schema.ts";

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

/** Words that mostly change together, `from` up to but without `to`: the top level, or one element of a list. */
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
  /** The same, of whatever words the cursor points at: one view serves many states, one after the other. */
  viewAt(cursor: Cursor, base: number, checked: boolean): StateOf<F>;
}

/** Where a view reads and writes. */
export interface Cursor {
  words: Int32Array;
}

export function layoutOf<F extends Fields>(fields: F): Layout<F> {
  const slots: Slot[] = [];
  const groups: Group[] = [];
  place(fields, "", slots, groups);
  const views = { plain: viewClass(fields, false), checked: viewClass(fields, true) };
  return {
    slots,
    groups,
    words: slots.length,
    view: (words, base, checked) => new (checked ? views.checked : views.plain)({ words }, base) as StateOf<F>,
    viewAt: (cursor, base, checked) => new (checked ? views.checked : views.plain)(cursor, base) as StateOf<F>,
  };
}

/** What a view shows, as plain objects, frozen through and through: it stays what it is, and prints as what it is. */
export function plainOf<F extends Fields>(fields: F, view: StateOf<F>): StateOf<F> {
  const plain: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    const value = (view as Record<string, unknown>)[name];
    plain[name] =
      field.kind === "list"
        ? Object.freeze((value as StateOf<Fields>[]).map((element) => plainOf(field.fields, element)))
        : value;
  }
  return Object.freeze(plain) as StateOf<F>;
}

/** Scalars first, as one group; then the lists, a group per element. */
function place(fields: Fields, prefix: string, slots: Slot[], groups: Group[]): void {
  const from = slots.length;
  for (const [name, field] of Object.entries(fields)) {
    if (!/^[a-z][A-Za-z0-9]*$/.test(name)) throw new RangeError(`a field name is camelCase, not ${prefix}${name}`);
    if (field.kind !== "list")
      slots.push(slotOf(prefix + name, field, (other) => slotIndex(slots, from, prefix + other, prefix + name)));
  }
  if (slots.length > from) groups.push({ from, to: slots.length });
  for (const [name, field] of Object.entries(fields)) {
    if (field.kind !== "list") continue;
    for (let i = 0; i < field.length; i++) place(field.fields, `${prefix}${name}[${i}].`, slots, groups);
  }
}

type Scalar = Exclude<Field, { kind: "list" }>;

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

function rangeOf({ bits, signed }: { bits: number; signed: boolean }): { min: number; max: number } {
  return { min: signed ? -(2 ** (bits - 1)) : 0, max: signed ? 2 ** (bits - 1) - 1 : 2 ** bits - 1 };
}

const NODE_INSPECT = Symbol.for("nodejs.util.inspect.custom");

type View = new (cursor: Cursor, base: number) => object;

/** A class per struct with an accessor per field, so that the engine compiles each to a load or a store. */
function viewClass(fields: Fields, checked: boolean): View {
  const scalars = Object.entries(fields).filter(([, field]) => field.kind !== "list");
  const lists = Object.entries(fields).flatMap(([name, field]) =>
    field.kind === "list"
      ? [{ name, length: field.length, words: wordsOf(field.fields), element: viewClass(field.fields, checked) }]
      : [],
  );
  class StructView {
    readonly $cursor: Cursor;
    readonly $base: number;
    constructor(cursor: Cursor, base: number) {
      this.$cursor = cursor;
      this.$base = base;
      let at = base + scalars.length;
      for (const list of lists) {
        const elements = Array.from({ length: list.length }, (_, i) => new list.element(cursor, at + i * list.words));
        Object.defineProperty(this, list.name, { value: elements, enumerable: true });
        at += list.words * list.length;
      }
    }
  }
  // Its own fields are where it reads and writes: what is printed is what it shows.
  const show = {
    configurable: true,
    value(this: StateOf<Fields>) {
      return plainOf(fields, this);
    },
  };
  Object.defineProperties(StructView.prototype, { toJSON: show, [NODE_INSPECT]: show });
  scalars.forEach(([name, field], offset) => {
    Object.defineProperty(StructView.prototype, name, {
      enumerable: true,
      ...accessor(field as Scalar, name, offset, checked),
    });
  });
  return StructView as unknown as View;
}

function wordsOf(fields: Fields): number {
  let words = 0;
  for (const field of Object.values(fields)) words += field.kind === "list" ? field.length * wordsOf(field.fields) : 1;
  return words;
}

/** `$` cannot begin a field's name, so these never collide with one. */
type Self = { $cursor: Cursor; $base: number };

/**
 * Where code may be made at run time, every field gets functions of its own: the engine inlines them into the game, with
 * the field's place as a constant. Pages that forbid that get closures: the same, at half the speed.
 */
function accessor(field: Scalar, name: string, offset: number, checked: boolean): PropertyDescriptor {
  if (!checked && canCompile) return compiledAccessor(field, offset);
  return closureAccessor(field, name, offset, checked);
}

/* oxlint-disable no-new-func, typescript/no-implied-eval -- what is compiled is made of the schema's widths and places, never of what somebody sent */
const canCompile = ((): boolean => {
  try {
    return new Function("return true")() as boolean;
  } catch {
    return false; // a content security policy
  }
})();

function compiledAccessor(field: Scalar, offset: number): PropertyDescriptor {
  const place = `this.$cursor.words[this.$base + ${offset}]`;
  const isFlag = field.kind === "flag";
  const read = isFlag ? `${place} === 1` : field.bits === 32 && !field.signed ? `${place} >>> 0` : place;
  return {
    get: new Function(`return ${read};`) as () => unknown,
    set: new Function("value", `${place} = ${isFlag ? "value ? 1 : 0" : "value"};`) as (value: unknown) => void,
  };
}
/* oxlint-enable no-new-func, typescript/no-implied-eval */

function closureAccessor(field: Scalar, name: string, offset: number, checked: boolean): PropertyDescriptor {
  if (field.kind === "flag") {
    return {
      get(this: Self) {
        return this.$cursor.words[this.$base + offset] === 1;
      },
      set(this: Self, value: boolean) {
        if (checked && typeof value !== "boolean") throw new RangeError(`${name} is a flag, not ${String(value)}`);
        this.$cursor.words[this.$base + offset] = value ? 1 : 0;
      },
    };
  }
  const { min, max } = rangeOf(field);
  const wide = field.bits === 32 && !field.signed;
  return {
    get(this: Self) {
      const word = this.$cursor.words[this.$base + offset] as number;
      return wide ? word >>> 0 : word;
    },
    set(this: Self, value: number) {
      if (checked && (!Number.isInteger(value) || value < min || value > max)) {
        throw new RangeError(`${name} = ${value}: not an integer from ${min} to ${max}`);
      }
      this.$cursor.words[this.$base + offset] = value;
    },
  };
}
