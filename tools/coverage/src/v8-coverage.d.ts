// Types for a package that has none.
declare module "@bcoe/v8-coverage" {
  import type { Profiler } from "node:inspector";
  /** Adds up counts of the same source. Undefined for none. */
  export function mergeScriptCovs(scripts: readonly Profiler.ScriptCoverage[]): Profiler.ScriptCoverage | undefined;
}
