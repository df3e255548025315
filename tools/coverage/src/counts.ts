// Merges V8's counts of all processes: each process writes a file to NODE_V8_COVERAGE when it exits.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Profiler } from "node:inspector";
import { mergeScriptCovs } from "@bcoe/v8-coverage";

/** By absolute path of the source file. */
export type Counts = ReadonlyMap<string, Profiler.ScriptCoverage>;

/** So many counts of one file are merged at a time: what is held in memory stays small. */
const MERGED_AT_ONCE = 50;

/** @param wanted whether a source file, by its absolute path, is to be counted */
export function readCounts(
  folder: string,
  wanted: (file: string) => boolean,
  progress: (done: number, of: number) => void = () => undefined,
): Counts {
  const counts = new Map<string, Profiler.ScriptCoverage[]>();
  const reports = readdirSync(folder).filter((name) => name.endsWith(".json"));
  for (const [index, name] of reports.entries()) {
    progress(index, reports.length);
    for (const script of scriptsOf(path.join(folder, name))) {
      if (!script.url.startsWith("file://")) continue;
      const file = fileURLToPath(script.url.replace(/[?#].*$/, "")); // Vitest adds a query to load a test file anew
      if (!wanted(file)) continue;
      const all = counts.get(file) ?? [];
      counts.set(file, all);
      if (all.push({ ...script, scriptId: "0", url: file }) >= MERGED_AT_ONCE) all.splice(0, all.length, merged(all));
    }
  }
  progress(reports.length, reports.length);
  return new Map([...counts].map(([file, all]) => [file, merged(all)]));
}

function merged(all: readonly Profiler.ScriptCoverage[]): Profiler.ScriptCoverage {
  const one = mergeScriptCovs(all);
  if (!one) throw new Error("no counts to merge");
  return one;
}

/** A process that was killed while it wrote leaves half a file. */
function scriptsOf(report: string): Profiler.ScriptCoverage[] {
  try {
    return (JSON.parse(readFileSync(report, "utf8")) as { result: Profiler.ScriptCoverage[] }).result;
  } catch {
    console.warn(`${report} is not whole; left out`);
    return [];
  }
}
