// The description that a client in another language needs to read a game's frames: contracts/realtime/STANDARD.md, "A game's layout".
import { type Game, type InputMode, refuseIncomplete } from "../game.ts";
import { gameLayoutOf, stateFieldsOf } from "./game-layout.ts";
import type { Field, Fields } from "./schema.ts";

/** A field, in packing order. Optional properties are present only if they differ from the default. */
export interface FieldDescription {
  readonly name: string;
  readonly type: "flag" | "uint" | "int" | "list";
  readonly bits?: number;
  readonly movesBy?: string;
  readonly countsDown?: true;
  readonly length?: number;
  readonly fields?: readonly FieldDescription[];
}

export interface GameDescription {
  readonly gameId: string;
  readonly buildId: string;
  readonly layoutHash: string;
  readonly tickRate: number;
  readonly seatsMin: number;
  readonly seatsMax: number;
  readonly inputMode: InputMode;
  /** True if the game redacts: a client's frames then contain only what its seat may see, and their hash differs from the match's. */
  readonly conceals: boolean;
  readonly state: readonly FieldDescription[];
  readonly input: readonly FieldDescription[];
}

const descriptions = new WeakMap<object, GameDescription>();

/** Created once per game. @throws RangeError for an invalid schema */
export function descriptionOf(game: Game): GameDescription {
  let found = descriptions.get(game);
  if (!found) {
    refuseIncomplete(game); // a shard asks for the descriptions of its games when it starts
    gameLayoutOf(game); // throws for a schema that cannot be laid out
    const [state, input] = [describeFields(stateFieldsOf(game)), describeFields(game.input)];
    const { id: gameId, buildId, tickRate, seatsMin, seatsMax, inputMode } = game;
    const rules = { tickRate, seatsMin, seatsMax, inputMode, conceals: game.redact !== undefined };
    found = { gameId, buildId, layoutHash: layoutHash(state, input), ...rules, state, input };
    descriptions.set(game, found);
  }
  return found;
}

/** Scalars first, then lists: the order in which they are packed. */
export function describeFields(fields: Fields): FieldDescription[] {
  const all = Object.entries(fields).map(([name, field]) => describe(name, field));
  return [...all.filter(({ type }) => type !== "list"), ...all.filter(({ type }) => type === "list")];
}

function describe(name: string, field: Field): FieldDescription {
  if (field.kind === "flag") return { name, type: "flag" };
  if (field.kind === "list") return { name, type: "list", length: field.length, fields: describeFields(field.fields) };
  const { movesBy, countsDown } = field.expects;
  const expects = movesBy !== undefined ? { movesBy } : countsDown ? ({ countsDown: true } as const) : {};
  return { name, type: field.signed ? "int" : "uint", bits: field.bits, ...expects };
}

/** Two games have equal hashes if and only if a client of one can read the other's frames. */
export function layoutHash(state: readonly FieldDescription[], input: readonly FieldDescription[]): string {
  return fnv1a64(`state${textOf(state)}input${textOf(input)}`);
}

function textOf(fields: readonly FieldDescription[]): string {
  return `{${fields.map(fieldText).join(",")}}`;
}

function fieldText({ name, type, bits, movesBy, countsDown, length, fields = [] }: FieldDescription): string {
  if (type === "flag") return `${name}:flag`;
  if (type === "list") return `${name}:[${length}]${textOf(fields)}`;
  return `${name}:${type === "int" ? "i" : "u"}${bits}${movesBy ? `+${movesBy}` : countsDown ? "-1" : ""}`;
}

/** Names are ASCII: one byte per character. */
function fnv1a64(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (let i = 0; i < text.length; i++) hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(i))) * 0x100000001b3n);
  return hash.toString(16).padStart(16, "0");
}
