// Converts counts by offset to lines and branches, as Istanbul defines them.
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { pathToFileURL } from "node:url";
import type { Profiler } from "node:inspector";
import { convert } from "ast-v8-to-istanbul";
import { parseAst } from "rolldown/parseAst";

export interface Share {
  readonly reached: number;
  readonly of: number;
}

export interface Figures {
  readonly lines: Share;
  readonly branches: Share;
  /** Line numbers, ascending. */
  readonly missedLines: readonly number[];
  readonly missedBranches: readonly number[];
}

/** @param counted undefined for a file that nothing has loaded */
export async function figuresOf(file: string, counted: Profiler.ScriptCoverage | undefined): Promise<Figures> {
  // Node blanks types out, so that every position stays: the same here.
  const code = stripTypeScriptTypes(readFileSync(file, "utf8"));
  const coverage = counted ?? neverLoaded(file, code);
  const ast = parseAst(code) as unknown as Parameters<typeof convert>[0]["ast"];
  const converted = await convert({ code, ast, coverage: { ...coverage, url: pathToFileURL(file).href } });
  const [data] = Object.values(converted);
  if (!data) return { lines: NONE, branches: NONE, missedLines: [], missedBranches: [] };

  const byLine = new Map<number, number>();
  for (const [id, { start }] of Object.entries(data.statementMap))
    byLine.set(start.line, Math.max(byLine.get(start.line) ?? 0, data.s[id] ?? 0));
  const arms = Object.entries(data.branchMap).flatMap(([id, branch]) =>
    branch.locations.map((where, arm) => ({
      line: where.start.line ?? branch.loc.start.line,
      count: data.b[id]?.[arm] ?? 0,
    })),
  );
  const missedLines = [...byLine].filter(([, count]) => count === 0).map(([line]) => line);
  const missedBranches = arms.filter(({ count }) => count === 0).map(({ line }) => line);
  return {
    lines: { reached: byLine.size - missedLines.length, of: byLine.size },
    branches: { reached: arms.length - missedBranches.length, of: arms.length },
    missedLines: missedLines.toSorted((a, b) => a - b),
    missedBranches: missedBranches.toSorted((a, b) => a - b),
  };
}

const NONE: Share = { reached: 0, of: 0 };

function neverLoaded(url: string, code: string): Profiler.ScriptCoverage {
  const ranges = [{ startOffset: 0, endOffset: code.length, count: 0 }];
  return { scriptId: "0", url, functions: [{ functionName: "", isBlockCoverage: true, ranges }] };
}

export function sum(shares: readonly Share[]): Share {
  return {
    reached: shares.reduce((total, { reached }) => total + reached, 0),
    of: shares.reduce((total, { of }) => total + of, 0),
  };
}
