import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { generate } from "./generate.ts";
import { parseEventFile } from "./schema.ts";

const folder = path.resolve(import.meta.dirname, "../../../contracts/events");
const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
const read = (file: string): string => readFileSync(path.join(folder, file), "utf8");

it.each(files)("%s keeps the rules of event schemas", (file) => {
  expect(parseEventFile(file, read(file)).version).toBe(1);
});

describe("a schema is refused", () => {
  const refusal = (change: (schema: any) => void, file = "match-ended.v1.json"): string => {
    const schema = JSON.parse(read("match-ended.v1.json"));
    change(schema);
    try {
      parseEventFile(file, JSON.stringify(schema));
    } catch (err) {
      return (err as Error).message;
    }
    return "";
  };

  it.each<[string, (schema: any) => void, string?]>([
    ["files are named", () => undefined, "matchEnded.v1.json"],
    ["is another file's", () => undefined, "match-cancelled.v1.json"],
    ["is another file's", () => undefined, "match-ended.v2.json"],
    ["$id is", (s) => (s.$id = "https://example.com/match.ended")],
    ["title is MatchEnded", (s) => (s.title = "Ended")],
    ["x-topic is", (s) => (s["x-topic"] = "matches")],
    ["x-key is a required property", (s) => (s["x-key"] = "inputLog")],
    ["x-data-classification is", (s) => (s["x-data-classification"] = "secret")],
    ["examples has at least one", (s) => (s.examples = [])],
    ["is false at #", (s) => (s.additionalProperties = false)],
    [
      "is false at #/properties/participants/items",
      (s) => (s.properties.participants.items.additionalProperties = false),
    ],
  ])("when it breaks the rule: %s", (problem, change, file) => {
    expect(refusal(change, file)).toContain(problem);
  });
});

it("of two versions of one type no code is generated: the registry has one of each", async () => {
  const event = parseEventFile("match-ended.v1.json", read("match-ended.v1.json"));
  await expect(generate([event, { ...event, version: 2 }])).rejects.toThrow("match.ended has two versions");
});
