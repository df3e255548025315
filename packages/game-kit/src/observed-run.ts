// A worker that runs a game and observes every nondeterministic function. It replaces those functions before it loads the
// game's module, so that it also sees calls through variables.
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parentPort, workerData } from "node:worker_threads";
import type { Game } from "./game.ts"; // only a type: this does not load the module

export interface ObservedRunRequest {
  readonly moduleUrl: string;
  readonly exportName: string;
  readonly seeds: number;
  readonly ticksMax: number;
}

export interface ObservedRun {
  readonly problems: readonly string[];
  readonly hashes: readonly string[];
}

const { moduleUrl, exportName, seeds, ticksMax } = workerData as ObservedRunRequest;
const gameFolder = path.dirname(fileURLToPath(moduleUrl));
const problems = new Set<string>();

watch(
  Math,
  [
    "random",
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "atan2",
    "sinh",
    "cosh",
    "tanh",
    "exp",
    "expm1",
    "log",
    "log2",
    "log10",
    "log1p",
    "pow",
    "cbrt",
    "hypot",
    "sqrt",
    "fround",
  ],
  "Math.",
);
watch(performance, ["now"], "performance.");
watch(crypto, ["getRandomValues", "randomUUID"], "crypto.");
watch(globalThis, ["setTimeout", "setInterval", "setImmediate", "queueMicrotask", "fetch"], "");
globalThis.Date = new Proxy(Date, {
  construct: (target, args: []) => (note("new Date"), Reflect.construct(target, args) as Date),
  apply: (target) => (note("Date()"), target()),
  get: (target, name) => (name === "now" && note("Date.now"), Reflect.get(target, name) as unknown),
});

// Imported only now, so that the kit's own modules use the observed functions too.
const { Simulation } = await import("./engine/simulation.ts");
const { Random } = await import("./engine/random.ts");
const { optionsFor } = await import("./game.ts");
const game = ((await import(moduleUrl)) as Record<string, Game>)[exportName];
if (!game) throw new Error(`${moduleUrl} has no export ${exportName}`);
parentPort?.postMessage({
  hashes: Array.from({ length: seeds }, (_, seed) => play(seed)),
  problems: [...problems],
} satisfies ObservedRun);

function play(seed: number): string {
  if (!game) throw new Error("no game");
  const rng = new Random({ words: new Int32Array(1) }, 0);
  rng.seed(seed + 1);
  try {
    const simulation = new Simulation(game, {
      seed,
      seats: game.seatsMax,
      options: optionsFor(game, {}),
      checked: true,
    });
    for (let tick = 0; tick < ticksMax; tick++) {
      for (let seat = 0; seat < simulation.seats; seat++)
        if (rng.below(4) === 0) simulation.setInput(seat, randomInput(simulation.input.bits, rng));
      if (simulation.step()) break;
    }
    return simulation.hash();
  } catch (err) {
    problems.add(`seed ${seed}: ${(err as Error).message}`);
    return "failed";
  }
}

function randomInput(bits: number, rng: { below(n: number): number }): Uint8Array {
  const bytes = Uint8Array.from({ length: Math.ceil(bits / 8) }, () => rng.below(256));
  const spare = bytes.length * 8 - bits;
  const last = bytes.length - 1;
  if (last >= 0) bytes[last] = (bytes[last] as number) & (0xff >> spare);
  return bytes;
}

function watch(owner: object, names: readonly string[], prefix: string): void {
  for (const name of names) {
    const original = Reflect.get(owner, name) as (...args: unknown[]) => unknown;
    const watched = (...args: unknown[]): unknown => {
      note(prefix + name);
      return Reflect.apply(original, owner, args);
    };
    Object.defineProperty(owner, name, { value: watched, configurable: true, writable: true });
  }
}

/** Only calls from the game's own files count: the surrounding code may use the clock. */
function note(what: string): void {
  const stack = new Error().stack ?? "";
  if (
    stack
      .split("\n")
      .slice(3, 6)
      .some((line) => line.includes(gameFolder))
  )
    problems.add(`called ${what}`);
}
