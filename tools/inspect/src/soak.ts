// pnpm soak GAME [options]: plays many matches of a game without a server, as fast as they go, and reports crashes, matches without end,
// draws, what a seat is worth, and bytes. GAME: its id (packages/modes), or the path of its module. Exit code 1: the game has a problem.
//
//   --matches N        how many (1000)
//   --seed N           of the first match (1); the next one has N + 1. A report names the seed of each fault: --seed N --matches 1 repeats it
//   --players KIND     bots, random (inputs), or mixed: bots that make mistakes. Default: mixed where the game has bots, otherwise random
//   --option NAME=N    an option of the game; may be repeated
//   --seats N          default: the most that the game has
//   --steps N          a longer match counts as endless (15 minutes with a clock, 10000 steps without)
//   --bias-max N       by how many percentage points a seat may win too often (10 with a clock; without, any)
//   --draws-max N      how many percent of the matches may be draws (any)
//   --step-seconds N   a step that takes longer counts as one that never returns (5)
//   --json             the report as JSON
import { Worker } from "node:worker_threads";
import type { SoakReport } from "@muster/game-kit/trial";
import { programOptions, refuseOptions } from "@muster/testkit/program-options";
import { findGame, gameOptionsOf, numberOf, playersOf } from "./find-game.ts";
import { soakText } from "./soak-text.ts";
import { readProgress, type SoakRequest } from "./soak-worker.ts";

const TERMINATED_WITHIN_MS = 2000;

const { values, positionals } = programOptions({
  allowPositionals: true,
  options: {
    matches: { type: "string" },
    seed: { type: "string" },
    players: { type: "string" },
    option: { type: "string", multiple: true },
    seats: { type: "string" },
    steps: { type: "string" },
    "bias-max": { type: "string" },
    "draws-max": { type: "string" },
    "step-seconds": { type: "string" },
    json: { type: "boolean" },
  },
});
const [game, ...more] = positionals;
if (game === undefined || more.length > 0) refuseOptions("one game");
const progress = new Int32Array(new SharedArrayBuffer(16));
const stepSeconds = numberOf("step-seconds", values["step-seconds"]) ?? 5;
const request: SoakRequest = {
  game,
  progress,
  setup: {
    matches: numberOf("matches", values.matches) ?? 1000,
    seed: numberOf("seed", values.seed) ?? 1,
    seats: numberOf("seats", values.seats),
    options: gameOptionsOf(values.option ?? []),
    players: playersOf(values.players),
    stepsMax: numberOf("steps", values.steps),
    biasMaxPoints: numberOf("bias-max", values["bias-max"]),
    drawsMaxPercent: numberOf("draws-max", values["draws-max"]),
  },
};

try {
  await findGame(game); // here, where it is a mistake of whoever types it
} catch (err) {
  refuseOptions((err as Error).message);
}
const worker = new Worker(new URL("soak-worker.ts", import.meta.url), { workerData: request });
const startedAt = performance.now();
const watch = setInterval(stuck, 250);
let reported = false;
let before = -1;
let sameSince = performance.now();
worker.once("message", (report: SoakReport) => {
  clearInterval(watch);
  reported = true;
  console.log(
    values.json ? JSON.stringify(report, undefined, 2) : soakText(report, performance.now() - startedAt, repeat),
  );
  process.exitCode = report.problems.length > 0 ? 1 : 0;
});
worker.once("exit", () => {
  if (process.exitCode !== undefined || reported) return;
  clearInterval(watch);
  const { seed, tick } = readProgress(progress);
  console.error(
    `soak: the game ends its process in the step to tick ${tick} of the match with seed ${seed}: ${repeat(seed)}`,
  );
  process.exitCode = 1;
});
worker.once("error", (err) => {
  clearInterval(watch);
  console.error(`soak: ${err.message}`);
  process.exitCode = 1;
});

/** The command that repeats one match of this soak. */
function repeat(seed: number): string {
  const words = process.argv.slice(2);
  const kept = words.filter((one, i) => {
    const isValue = /^--(matches|seed)$/.test(words[i - 1] ?? "");
    return !isValue && !/^--(matches|seed|json)(=|$)/.test(one);
  });
  return ["pnpm soak", ...kept, "--matches 1 --seed", seed].join(" ");
}

/** A step that never returns cannot be reported by who runs it. */
function stuck(): void {
  const { steps, seed, tick } = readProgress(progress);
  const now = performance.now();
  if (steps !== before) sameSince = now;
  before = steps;
  if (steps === 0 || now - sameSince < stepSeconds * 1000) return;
  clearInterval(watch);
  console.error(
    `soak: the step to tick ${tick} of the match with seed ${seed} has not returned for ${stepSeconds} s: ${repeat(seed)}`,
  );
  process.exitCode = 1;
  // V8 cannot interrupt every loop.
  setTimeout(() => process.kill(process.pid, "SIGKILL"), TERMINATED_WITHIN_MS).unref();
  worker.terminate().catch(() => undefined);
}
