import { expect, it } from "vitest";
import { vocabularyProblems } from "./vocabulary.ts";

const GLOSSARY =
  "| term | is | not called |\n| --- | --- | --- |\n| spectator | who watches | `looker`, `looking-on` |\n";

function problemsOf(files: Readonly<Record<string, string>>): string[] {
  const all: Record<string, string> = { "design/glossary.md": GLOSSARY, ...files };
  return vocabularyProblems(Object.keys(all), (file) => all[file] ?? "");
}

it.each(["a looker", "const lookingOn = 1", "LOOKING", "class LookingOn", "looking-on", "looking_on", "Looker.of(x)"])(
  "finds it in code, names and sentences: %s",
  (text) => {
    expect(problemsOf({ "a.ts": text })).toHaveLength(text === "LOOKING" ? 0 : 1);
  },
);

it("finds it in a file's name, and leaves alone what only contains it, the glossary, and others' files", () => {
  expect(problemsOf({ "src/looker.ts": "" })).toEqual([expect.stringContaining("src/looker.ts")]);
  expect(problemsOf({ "a.ts": "overlooker lookers2 looking only", "contracts/gen/x.ts": "looker" })).toEqual([]);
});

it("says so when the glossary cannot be read", () => {
  expect(vocabularyProblems(["design/glossary.md"], () => "")).toHaveLength(1);
});
