// `pnpm mutation`: see HELP.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { programOptions } from "@muster/testkit/program-options";
import { copyWorkspace } from "@muster/testkit/workspace-copy";
import { EXPLAINED } from "./explained.ts";
import { linesOf } from "./lines.ts";
import { type Part, PARTS } from "./parts.ts";
import { type Report, summaries, survivors, unexplained } from "./survivors.ts";

const HERE = "tools/mutation";

const HELP = `Mutates the code, one change at a time, and reports the changes that no test detects.

  pnpm mutation [--jobs N] [parts...]

  parts...   ${Object.keys(PARTS).join(", ")}; default: all
  --jobs N   mutants tested in parallel (default: number of cores)

It works on a copy of the workspace, although Stryker warns about "YOUR files". The exit code is 1 if a mutant survives
that ${HERE}/src/explained.ts does not explain.`;

const ROOT = path.resolve(import.meta.dirname, "../../..");
const REPORT = "mutation.json";

const { values, positionals } = programOptions(
  {
    allowPositionals: true,
    options: { jobs: { type: "string" } },
  },
  HELP,
);
const lost = Object.values(PARTS)
  .flatMap(({ mutate: files, tests }) => [...files, ...tests])
  .filter((file) => !existsSync(path.join(ROOT, file)));
const unknown = positionals.filter((name) => !(name in PARTS));
if (unknown.length > 0) {
  console.error(`unknown part: ${unknown.join(", ")}; available: ${Object.keys(PARTS).join(", ")}`);
  process.exitCode = 2;
} else if (lost.length > 0) {
  console.error(`${HERE}/src/parts.ts names files that do not exist: ${lost.join(", ")}`);
  process.exitCode = 2;
} else process.exitCode = (await mutate(positionals.length > 0 ? positionals : Object.keys(PARTS))) ? 0 : 1;

/** @returns whether every mutant was noticed, or is explained */
async function mutate(names: readonly string[]): Promise<boolean> {
  const copy = mkdtempSync(path.join(os.tmpdir(), "muster-mutation-"));
  try {
    copyWorkspace(ROOT, copy);
    console.log(`working on a copy of the workspace: ${copy}`);
    await run(copy, "pnpm", ["install", "--prefer-offline", "--ignore-scripts", "--reporter=silent"]);
    let all = true;
    for (const name of names) all = (await mutatePart(copy, name, PARTS[name] as Part)) && all;
    return all;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

async function mutatePart(copy: string, name: string, { mutate: files, only = {}, tests }: Part): Promise<boolean> {
  console.log(`\n${name}: ${files.join(", ")}`);
  writeFileSync(
    path.join(copy, "stryker.json"),
    JSON.stringify(configOf(files.flatMap((file) => rangesOf(file, only[file])))),
  );
  await run(copy, `${HERE}/node_modules/.bin/stryker`, ["run", "stryker.json"], {
    MUTATION_TESTS: JSON.stringify(tests),
  });
  const report = JSON.parse(readFileSync(path.join(copy, REPORT), "utf8")) as Report;
  for (const { file, mutants, noticed } of summaries(report))
    console.log(`${file}: ${noticed} of ${mutants} mutants detected`);
  const mine = EXPLAINED.filter(({ file }) => files.includes(file));
  const left = unexplained(survivors(report), mine);
  for (const { file, line, text, replacement } of left.survivors)
    console.log(`no test detects this change of ${file}:${line}\n  - ${text}\n  + ${replacement}`);
  for (const { file, text } of left.stale)
    console.log(`${HERE}/src/explained.ts explains a mutant that a test detects: ${file}: ${text}`);
  return left.survivors.length === 0 && left.stale.length === 0;
}

/** As Stryker wants them: the file, or the lines of these functions. */
function rangesOf(file: string, functions: readonly string[] | undefined): string[] {
  if (!functions) return [file];
  const source = readFileSync(path.join(ROOT, file), "utf8");
  return functions.map((name) => {
    const lines = linesOf(source, name);
    if (!lines) throw new Error(`${HERE}/src/parts.ts names a function that ${file} does not have: ${name}`);
    return `${file}:${lines[0]}-${lines[1]}`;
  });
}

function configOf(mutated: readonly string[]): object {
  return {
    testRunner: "vitest",
    plugins: ["@stryker-mutator/vitest-runner", `./${HERE}/src/ignore-log.ts`],
    ignorers: ["log"],
    mutate: mutated,
    vitest: { configFile: `${HERE}/src/vitest.config.ts`, related: false },
    coverageAnalysis: "perTest",
    inPlace: true,
    concurrency: values.jobs === undefined ? os.availableParallelism() : Number(values.jobs),
    reporters: ["progress", "json"],
    jsonReporter: { fileName: REPORT },
    tempDirName: ".stryker",
    cleanTempDir: "always",
    allowConsoleColors: false,
  };
}

async function run(
  cwd: string,
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const child = spawn(command, args, { cwd, stdio: "inherit", env: { ...process.env, ...env } });
  const status = await new Promise((resolve, reject) => {
    child.once("error", reject).once("exit", (code) => resolve(code));
  });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${String(status)}`);
}
