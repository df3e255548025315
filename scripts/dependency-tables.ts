// Keeps the tables of design/sre/v2.3-resilience-standards.md equal to the dependency table. `--write` writes them.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { Backoff, BreakerFigures, Dependency, None, RetryBudget } from "../packages/resilience/src/row.ts";

const [BEGIN, END] = ["<!-- dependencies: begin -->", "<!-- dependencies: end -->"];
const DOCUMENT = "design/sre/v2.3-resilience-standards.md";
const HEAD = [
  "callee: methods",
  "kind",
  "connect",
  "per try",
  "in all",
  "floor",
  "attempts",
  "backoff",
  "idempotent",
  "retry budget",
  "at once",
  "queue",
  "circuit breaker",
  "criticality",
];

export async function dependencyTableProblems(write = false): Promise<string[]> {
  const root = path.resolve(import.meta.dirname, "..");
  const { dependencyRows } = (await import(
    pathToFileURL(path.join(root, "packages/resilience/src/index.ts")).href
  )) as { dependencyRows(): Dependency[] };
  const file = path.join(root, DOCUMENT);
  const text = readFileSync(file, "utf8");
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (from < 0 || to < from) return [`${DOCUMENT} has no place for the dependency tables`];
  const wanted = `${text.slice(0, from)}${BEGIN}\n\n${tables(dependencyRows())}\n${text.slice(to)}`;
  if (wanted === text) return [];
  if (!write)
    return [`${DOCUMENT} is not what the dependency table says: pnpm exec node scripts/dependency-tables.ts --write`];
  writeFileSync(file, wanted);
  return [];
}

/** One for each caller, and the reasons below them all. */
function tables(rows: readonly Dependency[]): string {
  const notes = new Map<string, number>();
  const note = (reason: string): string => {
    if (!notes.has(reason)) notes.set(reason, notes.size + 1);
    return `[${notes.get(reason)}]`;
  };
  const parts = [...Map.groupBy(rows, ({ caller }) => caller)].map(([caller, ofCaller]) => {
    const lines = ofCaller.map((row) => `| ${cells(row, note).join(" | ")} |`);
    return `### ${caller}\n\n| ${HEAD.join(" | ")} |\n|${" --- |".repeat(HEAD.length)}\n${lines.join("\n")}\n`;
  });
  const reasons = [...notes].map(([reason, n]) => `${n}. ${reason}`);
  return `${parts.join("\n")}\n### Reasons\n\n${reasons.join("\n")}\n`;
}

function cells(row: Dependency, note: (reason: string) => string): string[] {
  const or = <T extends object>(value: T | None, shown: (value: T) => string): string =>
    "none" in value ? `none ${note(value.none)}` : shown(value);
  const methods = row.methods ? ` (${row.methods.join(", ")})` : "";
  const when = row.builtWhen === undefined ? "" : ` ${note(`Built when: ${row.builtWhen}`)}`;
  return [
    `${row.callee}: ${row.methodClass}${methods}${when}`,
    row.kind,
    ms(row.connectMs),
    ms(row.tryMs),
    ms(row.totalMs),
    ms(row.floorMs),
    count(row.attempts),
    or<Backoff>(row.backoff, ({ firstMs, maxMs, jitter }) => `${ms(firstMs)} to ${ms(maxMs)}, jitter ${jitter}`),
    row.idempotent ? "yes" : "no",
    or<RetryBudget>(row.retryBudget, ({ share, burst }) => `${share * 100} % and ${burst}`),
    count(row.bulkhead),
    row.queue ? `${row.queue.max}, ${ms(row.queue.waitMs)} ${note(row.queue.because)}` : "0",
    or<BreakerFigures>(
      row.breaker,
      ({ volume, failedPercent, windowMs, openMs }) =>
        `${failedPercent} % of at least ${volume} in ${ms(windowMs)}: open for ${ms(openMs)}`,
    ),
    row.criticality,
  ];
}

function ms(value: number): string {
  if (value === Infinity) return "no end";
  return value >= 1000 && value % 500 === 0 ? `${value / 1000} s` : `${value} ms`;
}

function count(value: number): string {
  return value === Infinity ? "no end" : String(value);
}

if (process.argv[1] === import.meta.filename) {
  const problems = await dependencyTableProblems(process.argv.includes("--write"));
  for (const problem of problems) console.log(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
