// What a game's schema says of how to show and play it, without a line written for that game. Decides, draws nothing.
import type { Field, Fields, ListField, StateOf } from "@muster/game-kit";
import type { ButtonBinding } from "../held-buttons.ts";

type Scalar = Exclude<Field, ListField>;
type IntField = Extract<Field, { kind: "int" }>;
export type Plain = Readonly<Record<string, number | boolean>>;

/** Where the dots of a list are: the names of two fields, or of one, whose dots are on a line each. */
export interface Place {
  readonly list: string;
  readonly x: string;
  readonly y: string | undefined;
  /** A flag of the element: false is drawn hollow. */
  readonly inUse: string | undefined;
}

const ACROSS = ["x", "at", "pos", "position"];

export function scalarsOf(fields: Fields): readonly (readonly [string, Scalar])[] {
  return Object.entries(fields).filter((one): one is [string, Scalar] => one[1].kind !== "list");
}

export function listsOf(fields: Fields): readonly (readonly [string, ListField])[] {
  return Object.entries(fields).filter((one): one is [string, ListField] => one[1].kind === "list");
}

/** The lists whose elements have a place: an x and a y, or one number that is a place by its name or because it moves. */
export function placesOf(state: Fields): Place[] {
  return listsOf(state).flatMap(([list, { fields }]) => {
    const ints = Object.entries(fields).filter(([, field]) => field.kind === "int") as [string, IntField][];
    const named = ACROSS.find((name) => ints.some(([own]) => own === name));
    const x = named ?? ints.find(([, { expects }]) => expects.movesBy !== undefined)?.[0];
    if (x === undefined) return [];
    const y = x === "x" && ints.some(([own]) => own === "y") ? "y" : undefined;
    return [{ list, x, y, inUse: Object.entries(fields).find(([, { kind }]) => kind === "flag")?.[0] }];
  });
}

/** 0 to 1 within what the field can hold. */
export function shareOf(field: Field | undefined, value: unknown): number {
  if (field?.kind !== "int") return 0.5;
  const { min, max } = boundsOf(field);
  return (Number(value) - min) / (max - min);
}

export function boundsOf({ bits, signed }: IntField): { readonly min: number; readonly max: number } {
  return signed ? { min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 } : { min: 0, max: 2 ** bits - 1 };
}

interface Key {
  /** KeyboardEvent.code, those that mean the same. */
  readonly codes: readonly string[];
  readonly sign: string;
  /** The gamepad's button of the same meaning. */
  readonly pad: number;
}

const UP: Key = { codes: ["ArrowUp", "KeyW"], sign: "↑ W", pad: 12 };
const DOWN: Key = { codes: ["ArrowDown", "KeyS"], sign: "↓ S", pad: 13 };
const LEFT: Key = { codes: ["ArrowLeft", "KeyA"], sign: "← A", pad: 14 };
const RIGHT: Key = { codes: ["ArrowRight", "KeyD"], sign: "→ D", pad: 15 };
/** By what flags are usually called. */
const USUAL: Readonly<Record<string, Key>> = {
  left: LEFT,
  right: RIGHT,
  up: UP,
  forward: UP,
  thrust: UP,
  down: DOWN,
  back: DOWN,
  brake: DOWN,
};
/** For the others, in their order. */
const OTHERS: readonly Key[] = [
  { codes: ["Space"], sign: "␣", pad: 0 },
  { codes: ["KeyE"], sign: "E", pad: 1 },
  { codes: ["KeyQ"], sign: "Q", pad: 2 },
  { codes: ["KeyF"], sign: "F", pad: 3 },
  ...Array.from({ length: 9 }, (_, i) => ({ codes: [`Digit${i + 1}`], sign: String(i + 1), pad: -1 })),
];

/** A key for each flag of the input, as long as there are keys: the rest has buttons only. */
export function keysOf(input: Fields): ReadonlyMap<string, Key> {
  const flags = scalarsOf(input).filter(([, { kind }]) => kind === "flag");
  const taken = new Set<Key>();
  const keys = new Map<string, Key>();
  for (const [name] of flags) {
    const usual = USUAL[name.toLowerCase()];
    if (!usual || taken.has(usual)) continue;
    taken.add(usual);
    keys.set(name, usual);
  }
  const free = OTHERS[Symbol.iterator]();
  for (const [name] of flags) {
    if (keys.has(name)) continue;
    const next = free.next();
    if (!next.done) keys.set(name, next.value);
  }
  return keys;
}

export function bindingsOf(input: Fields): Record<string, ButtonBinding> {
  const keys = keysOf(input);
  const flags = scalarsOf(input).filter(([, { kind }]) => kind === "flag");
  return Object.fromEntries(
    flags.map(([name]) => {
      const key = keys.get(name);
      return [name, { keys: key?.codes ?? [], pad: (pad: Gamepad) => pad.buttons[key?.pad ?? -1]?.pressed ?? false }];
    }),
  );
}

/** Every value of the input where there are few of them: a button each. */
const MOVES_MAX = 32;

export function movesOf(input: Fields): readonly Plain[] | undefined {
  let moves: Plain[] = [{}];
  for (const [name, field] of Object.entries(input)) {
    if (field.kind === "list") return undefined;
    const values =
      field.kind === "flag" ? [false, true] : field.bits <= 5 ? range(boundsOf(field).min, boundsOf(field).max) : [];
    if (values.length === 0 || moves.length * values.length > MOVES_MAX) return undefined;
    moves = moves.flatMap((move) => values.map((value) => ({ ...move, [name]: value })));
  }
  return moves;
}

export function emptyInput(input: Fields): StateOf<Fields> {
  const of = (fields: Fields): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(fields).map(([name, field]) => [
        name,
        field.kind === "flag"
          ? false
          : field.kind === "int"
            ? 0
            : Array.from({ length: field.length }, () => of(field.fields)),
      ]),
    );
  return of(input) as StateOf<Fields>;
}

function range(min: number, max: number): number[] {
  return Array.from({ length: max - min + 1 }, (_, i) => min + i);
}
