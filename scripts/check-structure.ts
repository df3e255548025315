// What the house rules say and no linter checks: which way imports may point, that they never go round, how long a file may be, and that
// everything exists that a document links to or names.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { referenceProblems } from "./document-references.ts";
import { importCircles } from "./import-circles.ts";
import { outgoingCalls } from "./outgoing-calls.ts";
import { undeclaredImports } from "./undeclared-imports.ts";
import { purityProblems } from "./purity.ts";
import { vocabularyProblems } from "./vocabulary.ts";

const LINES_MAX = 400;
/** Why a file may be longer stands at its top. */
const LONG_FILES_ALLOWED: ReadonlySet<string> = new Set([]);
/** Which layer may import which. A service reaches another one's tests only. */
const LAYERS = ["contracts", "packages", "services", "infra", "tools", "scripts"] as const;
type Layer = (typeof LAYERS)[number];
const MAY_IMPORT: Readonly<Record<Layer, readonly Layer[]>> = {
  contracts: [],
  packages: ["contracts", "packages"],
  services: ["contracts", "packages"],
  infra: [],
  tools: ["contracts", "packages", "infra", "tools", "services"],
  scripts: ["contracts", "packages", "services"],
};
/** Pages whose commands are typed as they are printed, from the project's root. */
const OPERATORS_PAGES = /^(runbooks\/.*|README|CONTRIBUTING|VERSIONING)\.md$/;
/** The test kit starts real servers, which the local stack knows how to. */
const EXTRA: Readonly<Record<string, readonly string[]>> = { "packages/testkit": ["@muster/local"] };

/** Whoever holds a limit by letting the oldest go; and why it may do so by hand. */
const OLDEST_BY_HAND = /\.(?:keys|values|entries)\(\)\.next\(\)/;
const OLDEST_BY_HAND_ALLOWED: ReadonlySet<string> = new Set([
  "packages/client/src/outgoing-inputs.ts", // runs in browsers: packages/runtime does not
  "services/matchmaker/src/queue/no-shows.ts", // 64 of one player, for thousands of players
]);

/** A text that is cut at a number of UTF-16 units may end in half of a character; and what is cut so and is no such text. */
const CUT_BY_UNITS = /\.(?:slice|substring|substr)\(0, (?:\d{2,}|[A-Z_]*CHARS[A-Z_]*)\)/;
const CUT_BY_UNITS_ALLOWED: ReadonlySet<string> = new Set([
  "packages/client/src/answers.ts", // an address in an error's text, in browsers
  "packages/log/src/error-fields.ts", // a stack for the log, whose JSON escapes halves
  "services/chat-service/src/rpc/directs.ts", // hexadecimal
]);

/** Whoever loses the race sleeps on, and keeps a process that has stopped from ending. */
const SLEEPS_ON = /Promise\.race\(\[[^\]]*\bsleep\([^,()]*\)/;

/** A row that lacks what a relay of another release needs of it. */
const OUTBOX_BY_HAND = /insertInto\("outbox"\)/;

export function structureProblems(): string[] {
  const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { encoding: "utf8" })
    .split("\n")
    .filter((file) => file !== "" && existsSync(file));
  const homes = packageHomes(files);
  const sources = files.filter((file) => file.endsWith(".ts") && !file.startsWith("contracts/gen/"));
  return [
    ...sources.flatMap((file) => sourceProblems(file, homes)),
    ...vocabularyProblems(files),
    ...undeclaredImports(files),
    ...outgoingCalls(files),
    ...importCircles(sources).map((circle) => `imports go round: ${circle.join(" → ")}`),
    ...files.filter((file) => file.endsWith(".md")).flatMap(linkProblems),
    ...files.filter((file) => OPERATORS_PAGES.test(file)).flatMap(namedFileProblems),
    ...files.filter((file) => file.endsWith(".md")).flatMap(plainNodeProblems),
    ...referenceProblems(files),
  ];
}

function packageHomes(files: readonly string[]): ReadonlyMap<string, string> {
  const manifests = files.filter((file) => file.endsWith("/package.json"));
  return new Map(
    manifests.map((file) => [(JSON.parse(readFileSync(file, "utf8")) as { name: string }).name, path.dirname(file)]),
  );
}

function sourceProblems(file: string, homes: ReadonlyMap<string, string>): string[] {
  const source = readFileSync(file, "utf8");
  const problems: string[] = [];
  const lines = source.split("\n").length;
  if (lines > LINES_MAX && !LONG_FILES_ALLOWED.has(file))
    problems.push(`${file} has ${lines} lines, over ${LINES_MAX}`);
  if (/^(packages|services)\//.test(file) && OLDEST_BY_HAND.test(source) && !OLDEST_BY_HAND_ALLOWED.has(file))
    problems.push(
      `${file} looks for the oldest entry of a Map, which is slow in a full one: BoundedMap of packages/runtime`,
    );
  if (/^(packages|services)\/[^/]+\/src\/(?!.*\.test\.ts$)/.test(file) && SLEEPS_ON.test(source))
    problems.push(
      `${file} races against a sleep without a signal, which goes on after the race: atMost() of packages/events is an example`,
    );
  if (/^services\/[^/]+\/src\//.test(file) && !file.endsWith(".test.ts") && OUTBOX_BY_HAND.test(source))
    problems.push(`${file} writes outbox rows by hand: appendEvent() or appendEvents() of packages/events`);
  if (
    /^(packages|services)\/[^/]+\/src\//.test(file) &&
    !file.endsWith(".test.ts") &&
    CUT_BY_UNITS.test(source) &&
    !CUT_BY_UNITS_ALLOWED.has(file)
  )
    problems.push(`${file} cuts a text by UTF-16 units, which halves characters: cut() of packages/runtime`);
  problems.push(...purityProblems(file, source));
  for (const [, name] of source.matchAll(/\bfrom "([^"]+)"/g)) {
    if (name === undefined) continue;
    if (name === "uWebSockets.js" && file !== "services/realtime-gateway/src/connection/ws.ts")
      problems.push(`${file} imports uWebSockets.js: only ws.ts may`);
    if (name.startsWith("@muster/")) problems.push(...importProblems(file, name, homes));
    // The table of processes lies where everybody looks for it; @muster/local hands it on.
    const isTable = file === "infra/local/src/services.ts" && name === "../../services.ts";
    if (name.startsWith("../../") && !isTable && !isInPackageOf(file, name, homes) && !file.startsWith("scripts/"))
      problems.push(`${file} reaches out of its package: ${name}`);
  }
  return problems;
}

function importProblems(file: string, name: string, homes: ReadonlyMap<string, string>): string[] {
  const target = [...homes].find(([home]) => name === home || name.startsWith(`${home}/`));
  if (!target) return [`${file} imports ${name}, which is no package of the workspace`];
  const [packageName, home] = target;
  const own = [...homes.values()].find((folder) => file.startsWith(`${folder}/`)) ?? "";
  if (own === home) return [`${file} imports its own package by name: ${name}`];
  const isTest = file.endsWith(".test.ts") || file.includes("/test/") || file.endsWith(".setup.ts");
  const [from, to] = [layerOf(file), layerOf(home)];
  if (own in EXTRA && EXTRA[own]?.includes(packageName)) return [];
  if (!MAY_IMPORT[from].includes(to) && !(isTest && packageName === "@muster/testkit"))
    return [`${file} (${from}) imports ${name} (${to})`];
  if (to === "services" && !name.endsWith("/testing")) return [`${file} imports the inside of a service: ${name}`];
  return [];
}

/** A relative import that stays inside of the file's own package. */
function isInPackageOf(file: string, name: string, homes: ReadonlyMap<string, string>): boolean {
  const target = path.posix.join(path.posix.dirname(file), name);
  return [...homes.values()].some((home) => file.startsWith(`${home}/`) && target.startsWith(`${home}/`));
}

function layerOf(file: string): Layer {
  const layer = LAYERS.find((one) => `${file}/`.startsWith(`${one}/`));
  if (!layer) throw new Error(`${file} is in no layer`);
  return layer;
}

function linkProblems(file: string): string[] {
  const text = readFileSync(file, "utf8").replaceAll(/```[\s\S]*?```/g, "");
  return [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g)]
    .map((match) => match[1] as string)
    .filter((target) => !existsSync(path.join(path.dirname(file), target)))
    .map((target) => `${file} links to ${target}, which is not there`);
}

/** Every script, source and folder that such a page names is there. */
function namedFileProblems(file: string): string[] {
  const named = readFileSync(file, "utf8").matchAll(
    /(?<![\w./-])((?:scripts|tools|services|infra|design|contracts|runbooks)\/[\w./-]*\w)/g,
  );
  return [...new Set([...named].map((match) => match[1] as string))]
    .filter((name) => !existsSync(name))
    .map((name) => `${file} names ${name}, which is not there`);
}

/** Plain `node` is the machine's, which may not run TypeScript: `pnpm exec node`, or operator.sh, whose `node` is the project's. */
function plainNodeProblems(file: string): string[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .flatMap((line, index) =>
      /(?<!exec )\bnode (?:tools|scripts|services|infra|packages)\//.test(line) && !line.includes("operator.sh")
        ? [`${file}:${index + 1} types plain node: pnpm exec node`]
        : [],
    );
}

if (process.argv[1] === import.meta.filename) {
  const problems = structureProblems();
  for (const problem of problems) console.log(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
