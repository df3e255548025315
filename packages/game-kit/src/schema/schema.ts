// The shape of a game's state and inputs. Every value is an integer of a declared width: nothing else can be stored,
// so nothing that differs between machines can hide in a state.

export interface IntField {
  readonly kind: "int";
  readonly bits: number;
  readonly signed: boolean;
  readonly expects: Expectation;
}

/**
 * What a field usually does from one tick to the next. Deltas only tell what does otherwise: a hint for the codec,
 * never a rule for the game.
 */
export interface Expectation {
  /** Grows by the new value of this field of the same struct, wrapping around; declare that field first. */
  readonly movesBy?: string;
  /** Falls by one until it is 0. */
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

/** What a game's functions see: plain numbers and booleans that write through to the state. */
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

/** A fixed number of structs: use a flag for the ones that are in use. */
export function list<const F extends Fields>(length: number, fields: F): ListField<F> {
  if (!Number.isInteger(length) || length < 1 || length > 65_536)
    throw new RangeError(`a list has 1 to 65,536 elements, not ${length}`);
  return { kind: "list", length, fields };
}

function checkBits(bits: number, min = 1): void {
  if (!Number.isInteger(bits) || bits < min || bits > 32)
    throw new RangeError(`a field has ${min} to 32 bits, not ${bits}`);
}

/** What a field of so many bits can hold. */
export function rangeOf({ bits, signed }: { bits: number; signed: boolean }): { min: number; max: number } {
  return { min: signed ? -(2 ** (bits - 1)) : 0, max: signed ? 2 ** (bits - 1) - 1 : 2 ** bits - 1 };
}
