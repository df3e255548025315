// On the hot path, with every access of a game to its state: design/realtime/performance.md.
//
// The objects through which a game uses its state: their properties read and write words of an Int32Array.
import { type Fields, rangeOf, type Scalar, type StateOf } from "./schema.ts";

/** The words that a view reads and writes. */
export interface Cursor {
  words: Int32Array;
}

const NODE_INSPECT = Symbol.for("nodejs.util.inspect.custom");

type View = new (cursor: Cursor, base: number) => object;

/** A class per struct with an accessor per field, so that the engine compiles each to a load or a store. */
export function structView(fields: Fields, checked: boolean): View {
  const scalars = Object.entries(fields).filter(([, field]) => field.kind !== "list");
  const lists = Object.entries(fields).flatMap(([name, field]) =>
    field.kind === "list"
      ? [{ name, length: field.length, words: wordsOf(field.fields), element: structView(field.fields, checked) }]
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
  // The object's own fields are its cursor and offset; printing it shows the game's values instead.
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

/** Field names cannot start with `$`, so these names never collide with one. */
type Self = { $cursor: Cursor; $base: number };

/**
 * Where code may be generated at run time, every field gets functions of its own, which V8 inlines into the game with the
 * field's position as a constant. Pages get closures, which are half as fast: a content security policy may forbid the other way, and
 * browsers report every attempt.
 */
function accessor(field: Scalar, name: string, offset: number, checked: boolean): PropertyDescriptor {
  if (!checked && canCompile) return compiledAccessor(field, offset);
  return closureAccessor(field, name, offset, checked);
}

/* oxlint-disable no-new-func, typescript/no-implied-eval -- the compiled code contains only widths and offsets of the schema, never external input */
const canCompile = ((): boolean => {
  if ("document" in globalThis) return false;
  try {
    return new Function("return true")() as boolean;
  } catch {
    return false; // a content security policy
  }
})();

function compiledAccessor(field: Scalar, offset: number): PropertyDescriptor {
  const element = `this.$cursor.words[this.$base + ${offset}]`;
  const isFlag = field.kind === "flag";
  const read = isFlag ? `${element} === 1` : field.bits === 32 && !field.signed ? `${element} >>> 0` : element;
  return {
    get: new Function(`return ${read};`) as () => unknown,
    set: new Function("value", `${element} = ${isFlag ? "value ? 1 : 0" : "value"};`) as (value: unknown) => void,
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
        if (checked && typeof value !== "boolean")
          throw new RangeError(`${name} = ${String(value)}: a flag must be true or false`);
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

/** Copies a view's values into plain, deeply frozen objects, which never change and print normally. */
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
