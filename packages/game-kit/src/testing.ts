// Checks that a game is deterministic, as far as a test can: it scans the game's source and observes a run.
// For Node only.
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import type { ObservedRun, ObservedRunRequest } from "./observed-run.ts";

export interface GameCheck {
  /** Empty if the game is deterministic. Otherwise: uses of values that differ between machines or runs, and stored non-integers. */
  readonly problems: readonly string[];
  /** Hashes of the final states, by seed: equal on every machine. */
  readonly hashes: readonly string[];
}

/** Names whose results differ between runs or engines. */
const FORBIDDEN: readonly [RegExp, string][] = [
  [
    /\bMath\s*\.\s*(?!(?:abs|sign|min|max|floor|ceil|trunc|imul|clz32)\b)\w+/g,
    "only the exact functions of Math are the same everywhere (for chance there is context.random, and a bot has the state)",
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
 * @param exportName the name under which that module exports the game
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

/** Finds forbidden names in the module and in the modules that it imports by relative path. */
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

/** Blanks out comments and strings, but keeps lines. Code inside template literals stays. */
function withoutTexts(source: string): string {
  const blank = (text: string): string => text.replaceAll(/[^\n]/g, " ");
  return source.replaceAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g, blank);
}

function observe(request: ObservedRunRequest): Promise<ObservedRun> {
  // .js in the published package
  const file = `observed-run${path.extname(import.meta.filename)}`;
  const worker = new Worker(pathToFileURL(path.join(import.meta.dirname, file)), {
    workerData: request,
    execArgv: [],
  });
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", (code) => reject(new Error(`the observed run exited with code ${code} and without a result`)));
  });
}
