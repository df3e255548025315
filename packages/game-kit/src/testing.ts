// Proves that a game is deterministic, as far as a test can: its source is read, and it is run under observation.
// For Node only.
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import type { ObservedRun, ObservedRunRequest } from "./observed-run.ts";

export interface GameCheck {
  /** Empty for a good game: what it uses that differs between machines or runs, or stores that is no integer. */
  readonly problems: readonly string[];
  /** Of the last states, by seed: the same on every machine. */
  readonly hashes: readonly string[];
}

/** Names whose results differ between runs or engines. */
const FORBIDDEN: readonly [RegExp, string][] = [
  [
    /\bMath\s*\.\s*(?!(?:abs|sign|min|max|floor|ceil|trunc|imul|clz32)\b)\w+/g,
    "only the exact functions of Math are the same everywhere",
  ],
  [/\bMath\s*\[/g, "Math by computed name"],
  [/\b(?:Date|performance|Temporal|Intl)\b/g, "the clock and the locale differ"],
  [
    /\b(?:crypto|process|globalThis|window|self|fetch|require|eval|Function|WeakRef|FinalizationRegistry|SharedArrayBuffer|Atomics)\b/g,
    "not of this game",
  ],
  [/\b(?:setTimeout|setInterval|setImmediate|queueMicrotask|Promise|async|await)\b/g, "a step is synchronous"],
  [/\*\*/g, "the power operator is not exact"],
  [/\b(?:localeCompare|toLocale\w+)\b/g, "the locale differs"],
  [/\bimport\s*\(/g, "an import at run time"],
];

/**
 * @param moduleUrl `import.meta.resolve` of the game's module
 * @param exportName of the game in that module
 */
export async function checkGame(
  moduleUrl: string,
  exportName: string,
  run: { seeds?: number; ticksMax?: number } = {},
): Promise<GameCheck> {
  const problems = sourceProblems(fileURLToPath(moduleUrl));
  const request: ObservedRunRequest = { moduleUrl, exportName, seeds: run.seeds ?? 4, ticksMax: run.ticksMax ?? 600 };
  const [first, second] = await Promise.all([observe(request), observe(request)]);
  if (first.hashes.join() !== second.hashes.join())
    problems.push("two runs with the same seeds and inputs ended in different states");
  return { problems: [...new Set([...problems, ...first.problems])], hashes: first.hashes };
}

/** Forbidden names in the module and in what it imports by relative path. */
function sourceProblems(file: string, seen = new Set<string>()): string[] {
  if (seen.has(file)) return [];
  seen.add(file);
  const source = withoutTexts(readFileSync(file, "utf8"));
  const problems = FORBIDDEN.flatMap(([pattern, why]) =>
    [...source.matchAll(pattern)].map((match) => {
      const line = source.slice(0, match.index).split("\n").length;
      return `${path.basename(file)}:${line} uses ${match[0].replaceAll(/\s/g, "")}: ${why}`;
    }),
  );
  const imports = readFileSync(file, "utf8").matchAll(/\bfrom\s+["'](\.[^"']+)["']/g);
  return [
    ...problems,
    ...[...imports].flatMap((match) => sourceProblems(path.resolve(path.dirname(file), match[1] as string), seen)),
  ];
}

/** Comments and strings blanked out, lines kept. Code inside template literals stays. */
function withoutTexts(source: string): string {
  const blank = (text: string): string => text.replaceAll(/[^\n]/g, " ");
  return source.replaceAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g, blank);
}

function observe(request: ObservedRunRequest): Promise<ObservedRun> {
  const worker = new Worker(pathToFileURL(path.join(import.meta.dirname, "observed-run.ts")), {
    workerData: request,
    execArgv: [],
  });
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", (code) => reject(new Error(`the observed run ended with code ${code} and no answer`)));
  });
}
