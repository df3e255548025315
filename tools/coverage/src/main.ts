// `pnpm coverage`: see HELP. The counts are kept in coverage/, which git ignores.
import { spawn } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { programOptions } from "@muster/testkit/program-options";
import { readCounts } from "./counts.ts";
import { type Figures, figuresOf } from "./figures.ts";
import { relative, sourcesByPackage } from "./sources.ts";
import { HEADING, missed, row } from "./table.ts";

const HELP = `Runs the tests and prints the share of lines and branches that they cover, per package.

  pnpm coverage [--files TEXT] [--add | --again] [tests...]

  tests...      runs only these (as for vitest); default: all, which takes about twice as long as without coverage
  --files TEXT  also lists each file whose path contains TEXT, with its uncovered lines and branches
  --add         adds to the counts of earlier runs
  --again       runs no tests; prints the counts of earlier runs

V8 counts in every process: the test processes and the services that they start. The counts of a process
that is killed (SIGKILL) are lost. Tests that measure durations may fail, because counting slows the code down.`;

const ROOT = path.resolve(import.meta.dirname, "../../..");
const FOLDER = path.join(ROOT, "coverage/v8");

const { values, positionals } = programOptions(
  {
    allowPositionals: true,
    options: {
      files: { type: "string" },
      add: { type: "boolean", default: false },
      again: { type: "boolean", default: false },
    },
  },
  HELP,
);
const status = values.again ? 0 : await runTests();
await print();
if (status !== 0)
  console.log(`\nVitest exited with ${status}: the failed tests are listed above; they may cover less than usual.`);

function runTests(): Promise<number | string> {
  if (!values.add) rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  const config = path.join(ROOT, "vitest.coverage.config.ts");
  const vitest = spawn("pnpm", ["exec", "vitest", "run", "--root", ROOT, "--config", config, ...positionals], {
    cwd: ROOT,
    stdio: "inherit",
    // What V8 takes from a compile cache it counts by functions only.
    env: { ...process.env, NODE_V8_COVERAGE: FOLDER, NODE_DISABLE_COMPILE_CACHE: "1" },
  });
  return new Promise((resolve, reject) => {
    vitest.once("error", reject);
    vitest.once("exit", (code, signal) => resolve(code ?? signal ?? ""));
  });
}

async function print(): Promise<void> {
  const packages = sourcesByPackage();
  const sources = new Set([...packages.values()].flat());
  const counts = readCounts(FOLDER, (file) => sources.has(file), progress);
  const all: Figures[] = [];
  console.log(HEADING);
  for (const [name, files] of packages) {
    const figures = await Promise.all(files.map((file) => figuresOf(file, counts.get(file))));
    all.push(...figures);
    console.log(row(name, figures));
    for (const [index, file] of files.entries()) {
      const figure = figures[index] as Figures;
      if (values.files === undefined || !relative(file).includes(values.files)) continue;
      console.log(row(`  ${relative(file).slice(name.length + 5)}`, [figure]));
      if (missed(figure) !== "") console.log(`      ${missed(figure)}`);
    }
  }
  console.log(row("all", all));
}

function progress(done: number, of: number): void {
  if (done % 100 === 0 || done === of) console.log(`merged ${done} of ${of} process reports`);
}
