import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readCounts } from "./counts.ts";
import { figuresOf } from "./figures.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "muster-coverage-"));
afterAll(() => rmSync(folder, { recursive: true }));

const SOURCE = `interface Asked {
  readonly what: string;
}

function answer({ what }: Asked): string {
  if (what === "a") {
    return "first" as const;
  }
  return what === "b" ? "second" : "neither";
}

const neverCalled = (): string => {
  return "nobody";
};

console.log(answer({ what: process.argv[2] ?? "" }), typeof neverCalled);
`;

/** The counts of one process per argument, each in a folder that was empty before. */
function countsOf(name: string, ...args: string[]): { file: string; counts: ReturnType<typeof readCounts> } {
  const file = path.join(folder, `${name}.ts`);
  const reports = path.join(folder, name);
  writeFileSync(file, SOURCE);
  for (const arg of args) {
    const run = spawnSync(process.execPath, [file, arg], {
      env: { ...process.env, NODE_V8_COVERAGE: reports, NODE_DISABLE_COMPILE_CACHE: "1" },
      encoding: "utf8",
    });
    expect(run.stderr).toBe("");
  }
  return { file, counts: readCounts(reports, (one) => one === file) };
}

describe("figures from the counts of processes that Node strips of types", () => {
  it("name what none of the processes reached, by its line in the file", async () => {
    const { file, counts } = countsOf("both", "a", "b");
    expect(await figuresOf(file, counts.get(file))).toEqual({
      lines: { reached: 5, of: 6 },
      branches: { reached: 4, of: 6 },
      missedLines: [13],
      missedBranches: [9, 16],
    });
  });

  it("of one process alone have what only the other one reached as missed", async () => {
    const { file, counts } = countsOf("one", "a");
    const { missedLines, missedBranches } = await figuresOf(file, counts.get(file));
    expect(missedLines).toEqual([9, 13]);
    expect(missedBranches).toEqual([6, 9, 9, 16]);
  });

  it("of a file that nothing loads are none of all its lines", async () => {
    const file = path.join(folder, "unloaded.ts");
    writeFileSync(file, SOURCE);
    const { lines, branches } = await figuresOf(file, undefined);
    expect([lines.reached, lines.of, branches.reached]).toEqual([0, 6, 0]);
  });
});
