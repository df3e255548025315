import { readFileSync } from "node:fs";
import path from "node:path";
import { databaseServices, databaseVariable, paths, SERVICES } from "@muster/local";
import { missingFrom } from "@muster/testkit/printed-lines";
import { expect, it } from "vitest";
import { COMMANDS } from "./commands.ts";
import { blocksOf, runbookPages, textOfPage } from "./runbooks.ts";

it("every block of commands in a runbook is run by a test or says why not", () => {
  for (const page of runbookPages()) expect(() => blocksOf(page)).not.toThrow();
  expect(() => blocksOf("x.md", "```sh\nls\n```")).toThrow("x.md:1");
  expect(() => blocksOf("x.md", "```sql\ndrop table x\n```")).toThrow("x.md:1");
  expect(() => blocksOf("x.md", "```sh not-run: no\nls\n```")).toThrow("x.md:1");
});

it("an expectation belongs to the block right before it, is in order, and … stands for anything", () => {
  const text = "```sh run\necho a\n```\n\n```text\na … c\nd\n```\n\nThen:\n\n```text\nz\n```";
  expect(blocksOf("x.md", text)).toMatchObject([{ line: 1, commands: "echo a", expected: ["a … c", "d"] }]);
  expect(missingFrom("x\na   bb  c\nd", ["a … c", "d"])).toBeUndefined();
  expect(missingFrom("d\na b c", ["a … c", "d"])).toBe("d");
});

it("every command of operator.sh that a runbook names exists", () => {
  const named = runbookPages().flatMap((page) =>
    [...textOfPage(page).matchAll(/operator\.sh(?: --env-file \S+)? ([a-z][a-z-]*)/g)].map(
      (found) => found[1] as string,
    ),
  );
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => !(name in COMMANDS))).toEqual([]);
});

it("the index leads to every page", () => {
  const index = textOfPage("README.md");
  const missing = runbookPages().filter((page) => page !== "README.md" && !index.includes(`(${page}`));
  expect(missing).toEqual([]);
});

it("no command that is run has a port of its own choice: the system that runs says which", () => {
  const fixed = runbookPages().flatMap((page) =>
    blocksOf(page)
      .filter(({ notRun, commands }) => notRun === undefined && /(localhost|127\.0\.0\.1):8080/.test(commands))
      .map(({ line }) => `${page}:${line}`),
  );
  expect(fixed).toEqual([]);
});

const PROCESSES = SERVICES.map(({ name }) => name);
const DATABASES = databaseServices().map(databaseVariable);

/** @returns which of `all` a text lacks that names most of them, and so means to name them all */
function forgotten(text: string, all: readonly string[]): string[] {
  const lacks = all.filter((name) => !new RegExp(`(?<![\\w-])${name}(?![\\w-])`).test(text));
  return lacks.length <= all.length / 2 ? lacks : [];
}

it("who lists the processes or their databases lists all of them, also the newest", () => {
  expect(forgotten(PROCESSES.slice(1).join(" "), PROCESSES)).toEqual(PROCESSES.slice(0, 1));
  expect(forgotten("edge-api and shard", PROCESSES)).toEqual([]);
  const of = (where: string, text: string, all: readonly string[]): string[] => {
    const lacks = forgotten(text, all);
    return lacks.length > 0 ? [`${where} lacks ${lacks.join(", ")}`] : [];
  };
  const wrong = runbookPages().flatMap((page) => [
    ...blocksOf(page).flatMap(({ line, commands, expected }) =>
      [commands, expected.join("\n")].flatMap((text) => of(`${page}:${line}`, text, PROCESSES)),
    ),
    ...textOfPage(page)
      .split(/^#+ /m)
      .filter((section) => /^1\. /m.test(section)) // steps to take
      .flatMap((section) => of(`${page}, ${section.split("\n", 1)[0]}`, section, PROCESSES)),
  ]);
  // The migration from v1.5 has nothing to do with what came after it.
  for (const file of ["README.md", "scripts/up.sh", ...runbookPages().map((page) => `runbooks/${page}`)])
    for (const [index, line] of readFileSync(path.join(paths.root, file), "utf8").split("\n").entries())
      if (!line.includes("LEGACY_DB_URL")) wrong.push(...of(`${file}:${index + 1}`, line, DATABASES));
  expect(wrong).toEqual([]);
});
