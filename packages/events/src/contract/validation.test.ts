import { cancelReasons, endReasons } from "@muster/contracts/match/names";
import { channelKinds } from "@muster/contracts/chat/names";
import { accountKinds } from "@muster/contracts/identity/names";
import { describe, expect, it } from "vitest";
import { EVENT_TYPES, EVENTS, type EventType } from "./events.ts";
import { checkEventData } from "./validation.ts";

interface Property {
  readonly description?: string;
  readonly examples?: readonly string[];
}
interface Schema {
  readonly properties: Readonly<Record<string, Property>>;
  readonly required: readonly string[];
  readonly examples: readonly Readonly<Record<string, unknown>>[];
}
const schemaOf = (type: EventType): Schema => EVENTS[type].schema as unknown as Schema;

describe.each(EVENT_TYPES)("the schema of %s", (type) => {
  const { properties, required, examples } = schemaOf(type);

  it("compiles in strict mode, and its examples are valid and use every property", () => {
    for (const example of examples) expect(() => checkEventData(type, example)).not.toThrow();
    const used = new Set(examples.flatMap((example) => Object.keys(example)));
    expect([...used].toSorted()).toEqual(Object.keys(properties).toSorted());
  });

  it("demands what it has as required", () => {
    const [example = {}] = examples;
    for (const name of required)
      expect(() => checkEventData(type, { ...example, [name]: undefined })).toThrow(`${type}: /${name} must have`);
  });

  it("says what each property is", () => {
    for (const property of Object.values(properties)) expect(property.description ?? "").not.toBe("");
  });
});

it.each<[EventType, string, readonly string[]]>([
  ["match.ended", "reason", endReasons.all],
  ["match.cancelled", "reason", cancelReasons.all],
  ["player.registered", "kind", accountKinds.all],
  ["chat.message_reported", "channelKind", channelKinds.all],
])("%s names the values of %s that there are, and lets others pass", (type, name, names) => {
  const { properties, examples } = schemaOf(type);
  expect(properties[name]?.examples).toEqual(names);
  expect(() => checkEventData(type, { ...examples[0], [name]: "of_a_later_release" })).not.toThrow();
});

it.each([
  ["2026-11-27T12:00:00.000Z", true],
  ["2026-11-27T12:00:00Z", true],
  ["2026-11-27T12:00:00.123456Z", true],
  ["2026-11-27T13:00:00.000+01:00", false],
  ["2026-02-29T12:00:00.000Z", false],
  ["2026-12-31T23:59:60Z", false],
  ["2026-11-27", false],
])("a time is UTC and one that a Date can be: %s", (erasedAt, passes) => {
  const data = { ...schemaOf("player.erased").examples[0], erasedAt };
  if (passes) expect(() => checkEventData("player.erased", data)).not.toThrow();
  else expect(() => checkEventData("player.erased", data)).toThrow("/erasedAt");
});

it.each([
  ["01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e", true],
  ["01A20AB2-2D4A-7326-A77A-B22EAF2E9F1E", false],
  ["urn:uuid:01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e", false],
  ["01a20ab22d4a7326a77ab22eaf2e9f1e", false],
])("an id has one form, because it is a key: %s", (playerId, passes) => {
  const data = { ...schemaOf("player.erased").examples[0], playerId };
  if (passes) expect(() => checkEventData("player.erased", data)).not.toThrow();
  else expect(() => checkEventData("player.erased", data)).toThrow("/playerId");
});
