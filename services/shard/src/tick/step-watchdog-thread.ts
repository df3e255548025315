// The thread that detects a step that takes too long or never returns (step-watchdog.ts). The main thread may be stuck then,
// so this thread itself logs and stores the end of the match.
import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { CancelReason, MatchService } from "@muster/contracts/match/v2";
import { DEPENDENCIES } from "@muster/resilience";
import { createRpcClient } from "@muster/rpc";
import { SLOT, slotAt, STEP, type WatchdogData } from "./step-watchdog.ts";

const { memory, budgetMs, stuckMs, matchUrl, shardId } = workerData as WatchdogData;
const cells = new Int32Array(memory, 0, 2);
const STDERR = 2;

interface Fault {
  readonly matchId: string;
  readonly epoch: number;
}

const matches = createRpcClient({
  service: MatchService,
  baseUrl: matchUrl,
  dependency: DEPENDENCIES.shard["match-service/watchdog"],
});
/** Looks are counted, not timed: a process that was stopped as a whole has no slow step. */
const LOOKS_PER_BUDGET = 3;
const LOOK_MS = budgetMs / LOOKS_PER_BUDGET;
/** Steps rarely take this long: the connection is opened in case it is needed soon. */
const LOOKS_UNTIL_DOUBT = 1;
const LOOKS_UNTIL_STUCK = Math.max(Math.ceil(stuckMs / LOOK_MS), LOOKS_PER_BUDGET + 1);
let [seen, looks] = [0, 0];
let condemned: { readonly fault: Fault; readonly stored: Promise<unknown> } | undefined;

setInterval(() => {
  const step = Math.abs(Atomics.load(cells, STEP));
  looks = step !== 0 && step === seen ? looks + 1 : 0;
  seen = step;
  if (looks === LOOKS_UNTIL_DOUBT) warmUp();
  if (looks === LOOKS_PER_BUDGET) condemn(step);
  if (looks === LOOKS_UNTIL_STUCK) end();
}, LOOK_MS);

function warmUp(): void {
  // Whether it works will be seen when it matters.
  matches.call.getMatches({ matchIds: [faultAt(cells[SLOT] as number).matchId] }).catch(() => undefined);
}

/** The match is over from here on: what its shard, or the next one, makes of it is refused. */
function condemn(step: number): void {
  const slot = cells[SLOT] as number;
  if (Atomics.compareExchange(cells, STEP, step, -step) !== step) return; // it just came back
  const fault = faultAt(slot);
  say("error", fault, `a step of this match has not returned for ${budgetMs} ms; the match is cancelled`);
  const outcome = { case: "cancelled", value: { reason: CancelReason.FAULT } } as const;
  const stored = matches.call
    .recordResult({ ...fault, shardId, outcome })
    .catch((err: unknown) => say("error", fault, `its end could not be stored: ${String(err)}`));
  condemned = { fault, stored };
}

/** Nothing in this process can be trusted to run any more, its own shutdown included. */
function end(): void {
  if (!condemned) return;
  const { fault, stored } = condemned;
  say("fatal", fault, `a step of this match has not returned for ${stuckMs} ms; this process exits`);
  const kill = (): boolean => process.kill(process.pid, "SIGKILL");
  stored.then(kill, kill);
}

function faultAt(slot: number): Fault {
  const { id, epoch } = slotAt(memory, slot);
  return { matchId: new TextDecoder().decode(id.slice()).trimEnd(), epoch: epoch.getUint32(0, true) };
}

/** Past the logger, whose streams need the main thread. */
function say(level: "error" | "fatal", fault: Fault, msg: string): void {
  writeSync(STDERR, `${JSON.stringify({ level, time: new Date().toISOString(), service: "shard", ...fault, msg })}\n`);
}
