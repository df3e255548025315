// How far a start is, and how long it will take by how long it took the last time on this machine.
import { mkdirSync, readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { writeWhole } from "./whole-file.ts";

/** In this order. On two cores, the first time. */
const TYPICAL_S = { servers: 6, services: 8, match: 6 } as const;
export type StartStep = keyof typeof TYPICAL_S;
const STEPS = Object.keys(TYPICAL_S) as StartStep[];
/** All of them: what scripts/up.sh adds to the time of its own steps. */
const WHOLE = "start";
/** A last time that was much longer than usual tells little about the next one. */
const LONGEST_S = 600;

export function durationsFile(env: NodeJS.ProcessEnv = process.env): string {
  return path.join(env["XDG_CACHE_HOME"] || path.join(env["HOME"] || os.homedir(), ".cache"), "muster/durations");
}

export interface ProgressOptions {
  readonly file: string;
  readonly nowMs: () => number;
  /** Not played, for example. */
  readonly without?: readonly StartStep[];
}

export class Progress {
  readonly #options: ProgressOptions;
  readonly #usualS: Readonly<Record<StartStep, number>>;
  readonly #tookS = new Map<string, number>();
  readonly #steps: readonly StartStep[];
  readonly #beganMs: number;
  #step: { readonly name: StartStep; readonly sinceMs: number } | undefined;

  constructor(options: ProgressOptions) {
    this.#options = options;
    const known = readDurations(options.file);
    this.#usualS = Object.fromEntries(STEPS.map((step) => [step, known.get(step) ?? TYPICAL_S[step]])) as Record<
      StartStep,
      number
    >;
    this.#steps = STEPS.filter((step) => !options.without?.includes(step));
    this.#beganMs = options.nowMs();
  }

  /** Ends the step before. */
  begin(name: StartStep): void {
    this.#end();
    this.#step = { name, sinceMs: this.#options.nowMs() };
  }

  /** Of this step and those after it; at least a second, as long as it is not over. */
  leftS(): number {
    if (!this.#step) return 0;
    const { name, sinceMs } = this.#step;
    const later = this.#steps.slice(this.#steps.indexOf(name) + 1);
    const inStepS = Math.max(0, this.#usualS[name] - (this.#options.nowMs() - sinceMs) / 1000);
    return Math.max(1, Math.round(later.reduce((sum, step) => sum + this.#usualS[step], inStepS)));
  }

  /** Remembers how long it took, for the next time; where nothing can be written, the next time it is as typical. */
  done(): void {
    this.#end();
    this.#tookS.set(WHOLE, (this.#options.nowMs() - this.#beganMs) / 1000);
    const known = readDurations(this.#options.file);
    for (const [name, seconds] of this.#tookS) known.set(name, Math.max(1, Math.round(seconds)));
    try {
      mkdirSync(path.dirname(this.#options.file), { recursive: true });
      writeWhole(this.#options.file, [...known].map(([name, seconds]) => `${name} ${seconds}\n`).join(""));
    } catch {
      // it is only an estimate
    }
  }

  #end(): void {
    if (this.#step) this.#tookS.set(this.#step.name, (this.#options.nowMs() - this.#step.sinceMs) / 1000);
    this.#step = undefined;
  }
}

function readDurations(file: string): Map<string, number> {
  let text = "";
  try {
    text = readFileSync(file, "utf8");
  } catch {
    // the first time
  }
  const lines = [...text.matchAll(/^(\w+) (\d+)$/gm)].map(
    ([, name, seconds]) => [name as string, Number(seconds)] as const,
  );
  return new Map(lines.filter(([, seconds]) => seconds <= LONGEST_S));
}
