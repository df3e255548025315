// Reads from Stryker's report the mutants that no test detected and that are not explained.
import type { Explained } from "./explained.ts";

export interface Survivor {
  readonly file: string;
  readonly line: number;
  /** The line of the source, trimmed. */
  readonly text: string;
  /** What the mutant makes of it, trimmed; it ends in … when it goes over several lines. */
  readonly replacement: string;
}

export interface Summary {
  readonly file: string;
  readonly mutants: number;
  readonly noticed: number;
}

/** Of mutation-testing-report-schema, what is read here. */
export interface Report {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>>;
}

interface Mutant {
  readonly status: string;
  readonly replacement?: string;
  readonly location: { readonly start: Position; readonly end: Position };
}

interface Position {
  readonly line: number;
  readonly column: number;
}

const UNNOTICED = new Set(["Survived", "NoCoverage"]);
const NOT_RUN = new Set(["Ignored", "CompileError", "RuntimeError"]);

export function summaries({ files }: Report): Summary[] {
  return Object.entries(files).map(([file, { mutants }]) => {
    const run = mutants.filter(({ status }) => !NOT_RUN.has(status));
    return { file, mutants: run.length, noticed: run.filter(({ status }) => !UNNOTICED.has(status)).length };
  });
}

export function survivors({ files }: Report): Survivor[] {
  return Object.entries(files).flatMap(([file, { source, mutants }]) => {
    const lines = source.split("\n");
    return mutants
      .filter(({ status }) => UNNOTICED.has(status))
      .map(({ location: { start, end }, replacement = "" }) => {
        const text = lines[start.line - 1] ?? "";
        const after = start.line === end.line ? text.slice(end.column - 1) : " …";
        const changed = text.slice(0, start.column - 1) + replacement + after;
        return { file, line: start.line, text: text.trim(), replacement: changed.trim() };
      });
  });
}

/** @returns survivors that nothing explains, and explanations of what does not survive (any more) */
export function unexplained(
  found: readonly Survivor[],
  explained: readonly Explained[],
): { survivors: Survivor[]; stale: Explained[] } {
  const covers = (one: Explained, { file, text, replacement }: Survivor): boolean =>
    one.file === file && one.text === text && one.replacements.includes(replacement);
  return {
    survivors: found.filter((survivor) => !explained.some((one) => covers(one, survivor))),
    stale: explained.filter((one) => !found.some((survivor) => covers(one, survivor))),
  };
}
