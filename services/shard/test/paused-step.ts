// A process with a step watchdog, to be suspended in the middle of a step. It prints "stepping" when it is in one, continues
// for a while in the step in which it was suspended, and prints whether that step was condemned.
import { StepWatchdog } from "../src/tick/step-watchdog.ts";

const BUDGET_MS = 100;
/** Of a step, before the stop and after it: with both the budget is not half used. */
const WORK_MS = 20;
/** Between two looks at the clock: it was stopped. */
const STOPPED_MS = 500;
/** Until the watch is seen to be there. */
const STEPS_MAX = 50;
const STEPS_UNTIL_STOPPED = 1000;

const stuckMs = 10_000;
const watch = new StepWatchdog({
  matchesMax: 1,
  budgetMs: BUDGET_MS,
  stuckMs,
  heapShareMax: 1,
  matchUrl: "http://127.0.0.1:1",
  shardId: "s",
});
const match = { spec: { matchId: "m", epoch: 1 }, watchdogSlot: watch.register("m", 1), fail: () => undefined };

let before = performance.now();
/** Whether it was stopped since the last look. */
function stopped(): boolean {
  const now = performance.now();
  const gap = now - before;
  before = now;
  return gap > STOPPED_MS;
}

/** @returns whether it was stopped meanwhile */
function work(ms: number): boolean {
  let any = false;
  for (const until = performance.now() + ms; performance.now() < until; ) any = stopped() || any;
  return stopped() || any; // the stop may be what ended the loop
}

await watch.start();
let seen = false;
for (let steps = 0; steps < STEPS_MAX && !seen; steps++) {
  watch.enter(match);
  work(BUDGET_MS * 2);
  seen = watch.leave(match) !== undefined;
}
process.stdout.write(seen ? "stepping\n" : "no watch\n");
for (let steps = 0; steps < STEPS_UNTIL_STOPPED; steps++) {
  if (stopped()) process.stdout.write("stopped between steps\n");
  watch.enter(match);
  const inStep = work(WORK_MS);
  if (inStep) work(WORK_MS);
  const condemned = watch.leave(match) !== undefined;
  if (!inStep) continue;
  process.stdout.write(condemned ? "condemned\n" : "passed\n");
  break;
}
await watch.stop();
