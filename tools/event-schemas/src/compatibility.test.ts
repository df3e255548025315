import { expect, it } from "vitest";
import { incompatibilities } from "./compatibility.ts";

const BASE = {
  $id: "urn:muster:event:match.ended:v1",
  description: "d",
  "x-topic": "muster.matches.v1",
  "x-key": "id",
  "x-data-classification": "internal",
  type: "object",
  required: ["id", "verdict"],
  properties: {
    id: { type: "string", format: "uuid" },
    verdict: { type: "string", enum: ["good", "bad"] },
    note: { type: "string", maxLength: 10, pattern: "^[a-z]+$" },
    seats: {
      type: "array",
      maxItems: 4,
      items: { type: "object", required: ["seat"], properties: { seat: { type: "integer", minimum: 0 } } },
    },
    options: { type: "object", additionalProperties: { type: "integer" } },
    either: { anyOf: [{ type: "string" }, { type: "integer" }] },
  },
};

type Change = (schema: any) => void;

const COMPATIBLE: readonly [string, Change][] = [
  ["nothing changes", () => undefined],
  ["other words", (s) => Object.assign(s.properties.note, { description: "n", title: "N", examples: ["a"] })],
  ["a new optional property", (s) => (s.properties.more = { type: "string" })],
  ["a new optional property of an item", (s) => (s.properties.seats.items.properties.more = { type: "string" })],
  ["another order", (s) => s.required.reverse()],
];

it.each(COMPATIBLE)("passes: %s", (_, change) => {
  const after = structuredClone(BASE);
  change(after);
  expect(incompatibilities(BASE, after)).toEqual([]);
});

const INCOMPATIBLE: readonly [string, Change][] = [
  ["#/properties/note is gone", (s) => delete s.properties.note],
  ['#/required: "verdict" is no longer required', (s) => s.required.pop()],
  ['#/required: "note" is required now', (s) => s.required.push("note")],
  ["#/properties/more is new: it has to be optional", (s) => (s.required.push("more"), (s.properties.more = {}))],
  ['#/properties/note/type was "string", and is "integer"', (s) => (s.properties.note.type = "integer")],
  [
    '#/properties/note/type was "string", and is ["string","null"]',
    (s) => (s.properties.note.type = ["string", "null"]),
  ],
  ['#/properties/id/format was "uuid", and is "uri"', (s) => (s.properties.id.format = "uri")],
  ['#/properties/id/format is gone: it was "uuid"', (s) => delete s.properties.id.format],
  ['#/properties/id/pattern is new: "^a"', (s) => (s.properties.id.pattern = "^a")],
  ['#/properties/note/pattern was "^[a-z]+$", and is "^[a-z]$"', (s) => (s.properties.note.pattern = "^[a-z]$")],
  ["#/properties/note/maxLength was 10, and is 9", (s) => (s.properties.note.maxLength = 9)],
  ["#/properties/note/maxLength was 10, and is 11", (s) => (s.properties.note.maxLength = 11)],
  ['#/properties/verdict/enum: "ugly" is a value now', (s) => s.properties.verdict.enum.push("ugly")],
  ['#/properties/verdict/enum: "bad" is no longer a value', (s) => s.properties.verdict.enum.pop()],
  ["#/properties/seats/maxItems was 4, and is 5", (s) => (s.properties.seats.maxItems = 5)],
  [
    "#/properties/seats/items/properties/seat/minimum was 0, and is 1",
    (s) => (s.properties.seats.items.properties.seat.minimum = 1),
  ],
  ['#/properties/seats/items/required: "seat" is no longer required', (s) => delete s.properties.seats.items.required],
  [
    '#/properties/options/additionalProperties/type was "integer", and is "number"',
    (s) => (s.properties.options.additionalProperties.type = "number"),
  ],
  [
    '#/properties/options/additionalProperties was {"type":"integer"}, and is false',
    (s) => (s.properties.options.additionalProperties = false),
  ],
  ["#/additionalProperties is new: false", (s) => (s.additionalProperties = false)],
  [
    '#/properties/either/anyOf/1/type was "integer", and is "number"',
    (s) => (s.properties.either.anyOf[1].type = "number"),
  ],
  ['#/x-topic was "muster.matches.v1", and is "muster.games.v1"', (s) => (s["x-topic"] = "muster.games.v1")],
  ['#/x-key was "id", and is "note"', (s) => (s["x-key"] = "note")],
  ['#/x-data-classification was "internal", and is "public"', (s) => (s["x-data-classification"] = "public")],
  [
    '#/$id was "urn:muster:event:match.ended:v1", and is "urn:muster:event:match.ended:v2"',
    (s) => (s.$id = "urn:muster:event:match.ended:v2"),
  ],
];

it.each(INCOMPATIBLE)("refuses: %s", (problem, change) => {
  const after = structuredClone(BASE);
  change(after);
  expect(incompatibilities(BASE, after)).toContain(problem);
});

it("a list of alternatives that has one more is refused", () => {
  const after = structuredClone(BASE) as any;
  after.properties.either.anyOf.push({ type: "null" });
  expect(incompatibilities(BASE, after)).toHaveLength(1);
});
