// Declares the shape of a game's state and inputs. Every value is an integer of a declared width: nothing else can be stored,
// so a state cannot contain values that differ between machines.

export interface IntField {
  readonly kind: "int";
  readonly bits: number;
  readonly signed: boolean;
  readonly expects: Expectation;
}

/**
 * How a field usually changes from one tick to the next. Deltas contain only the fields that change otherwise. It is a hint for
 * the codec, not a rule for the game.
 */
export interface Expectation {
  /** Grows, with wrap-around, by the new value of the named field of the same struct, which must be declared first. */
  readonly movesBy?: string;
  /** Decreases by one until it is 0. */
  readonly countsDown?: boolean;
}
export interface FlagField {
  readonly kind: "flag";
}
export interface ListField<F extends Fields = Fields> {
  readonly kind: "list";
  readonly length: number;
  readonly fields: F;
}
export type Scalar = IntField | FlagField;
export type Field = Scalar | ListField;
export interface Fields {
  readonly [name: string]: Field;
}

/** The state as a game's functions see it: numbers and booleans that write through to memory. */
export type StateOf<F extends Fields> = {
  -readonly [K in keyof F]: F[K] extends ListField<infer E>
    ? readonly StateOf<E>[]
    : F[K] extends FlagField
      ? boolean
      : number;
};

/** An unsigned integer of 1 to 32 bits. */
export function uint(bits: number, expects: Expectation = {}): IntField {
  checkBits(bits);
  return { kind: "int", bits, signed: false, expects };
}

/** A two's complement integer of 2 to 32 bits. */
export function int(bits: number, expects: Expectation = {}): IntField {
  checkBits(bits, 2);
  return { kind: "int", bits, signed: true, expects };
}

export function flag(): FlagField {
  return { kind: "flag" };
}

/** A fixed number of structs. Add a flag to mark those in use. */
export function list<const F extends Fields>(length: number, fields: F): ListField<F> {
  if (!Number.isInteger(length) || length < 1 || length > 65_536)
    throw new RangeError(`a list must have 1 to 65,536 elements, not ${length}`);
  return { kind: "list", length, fields };
}

function checkBits(bits: number, min = 1): void {
  if (!Number.isInteger(bits) || bits < min || bits > 32)
    throw new RangeError(`a field must have ${min} to 32 bits, not ${bits}`);
}

/** The range of a field with the given number of bits. */
export function rangeOf({ bits, signed }: { bits: number; signed: boolean }): { min: number; max: number } {
  return { min: signed ? -(2 ** (bits - 1)) : 0, max: signed ? 2 ** (bits - 1) - 1 : 2 ** bits - 1 };
}
