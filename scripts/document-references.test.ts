import { expect, it } from "vitest";
import { referenceProblems } from "./document-references.ts";

function problemsOf(page: string, more: Readonly<Record<string, string>> = {}): string[] {
  const all: Record<string, string> = {
    "package.json": '{ "scripts": { "check": "true" } }',
    "services/shard/src/tick/scheduler.ts": "",
    "design/page.md": page,
    ...more,
  };
  return referenceProblems(Object.keys(all), (file) => all[file] ?? "");
}

it.each(["`gone.ts`", "`tick/gone.ts`", "`services/shard/src/gone/`", "`pnpm exec node tools/gone.ts --all`"])(
  "a file or folder that does not exist is found: %s",
  (page) => {
    expect(problemsOf(page)).toEqual([
      expect.stringMatching(/^design\/page\.md names .*gone.*, which does not exist$/),
    ]);
  },
);

it.each([
  "`scheduler.ts`",
  "`tick/scheduler.ts`, `services/shard/src/tick/`",
  "`page.md`",
  "`.test.ts`",
  "`uWebSockets.js`",
])("a file may be named by the end of its path, and other words are left alone: %s", (page) => {
  expect(problemsOf(page)).toEqual([]);
});

it("a line of a log that nothing writes is found; it may be cut with …, or be about something that is tried again", () => {
  const code = { "services/shard/src/a.ts": 'log.warn({ err }, "it is late by far"); createLoop({ name: "rewinds" })' };
  const page = "| log: `it is late…`, `it is late by far` | |\n| log: `rewinds failed, trying again` | |\n";
  expect(problemsOf(page, code)).toEqual([]);
  expect(
    problemsOf("| log: `it is late by far`, `it was late` | |\n| log: `loops failed, trying again` |", code),
  ).toEqual([
    "design/page.md quotes a line of a log that nothing writes: it was late",
    "design/page.md quotes a line of a log that nothing writes: loops failed, trying again",
  ]);
});

it("a link to a heading that does not exist is found", () => {
  expect(problemsOf("# A `b`, c\n\n[here](#a-b-c) [there](#d)")).toEqual([
    "design/page.md links to #d: design/page.md has no such heading",
  ]);
});

it("a command that package.json does not have is found, also in a block", () => {
  expect(problemsOf("`pnpm check`, `pnpm exec vitest`, `pnpm -r dev`\n\n```sh\npnpm gone\n```\n")).toEqual([
    "design/page.md types pnpm gone: package.json has no such script",
  ]);
});
