// `pnpm check`: everything about the source that needs no server, cheapest first.
import { spawnSync } from "node:child_process";
import { structureProblems } from "./check-structure.ts";
import { configTableProblems } from "./config-tables.ts";
import { dependencyTableProblems } from "./dependency-tables.ts";
import { infraFileProblems } from "./infra-files.ts";

const steps: readonly [string, () => boolean | Promise<boolean>][] = [
  ["format", () => run("biome", "format", ".")],
  ["structure and links", () => report(structureProblems())],
  ["configuration tables", async () => report(await configTableProblems())],
  ["dependency tables", async () => report(await dependencyTableProblems())],
  ["what is said of the processes", async () => report(await infraFileProblems())],
  ["lint", () => run("oxlint", "--type-aware", "--format=unix")],
  ["types", () => run("pnpm", "-r", "--reporter=append-only", "typecheck")],
];

let failed = 0;
for (const [name, check] of steps) {
  const good = await check();
  console.log(`${good ? "ok  " : "FAIL"} ${name}`);
  if (!good) failed++;
}
process.exitCode = failed > 0 ? 1 : 0;

function run(command: string, ...args: string[]): boolean {
  const done = spawnSync(command, args, { encoding: "utf8" });
  if (done.status !== 0) console.log(`${done.stdout}${done.stderr}`);
  return done.status === 0;
}

function report(problems: readonly string[]): boolean {
  for (const problem of problems) console.log(`  ${problem}`);
  return problems.length === 0;
}
