// The thread that sees when a step does not come back (step-watch.ts). The main thread is lost then: what has to be said
// and stored is said and stored from here, and the process ends.
import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { CancelReason, MatchService } from "@muster/contracts/match/v2";
import { createRpcClient } from "@muster/rpc";
import { PLACE, placeAt, STEP, type WatcherData } from "./step-watch.ts";

const { memory, stuckMs, matchUrl } = workerData as WatcherData;
const cells = new Int32Array(memory, 0, 2);
const STORE_WITHIN_MS = 500;
const STDERR = 2;

const matches = createRpcClient({ service: MatchService, baseUrl: matchUrl, timeoutMs: STORE_WITHIN_MS });
/** Looks are counted, not timed: a process that was stopped as a whole has no stuck step. */
const LOOKS = 8;
let [before, looks] = [0, 0];

setInterval(() => {
  const [place, step] = [Atomics.load(cells, PLACE), Atomics.load(cells, STEP)];
  looks = place !== 0 && step === before ? looks + 1 : 0;
  before = step;
  if (looks === LOOKS) end(place - 1).then(kill, kill);
}, stuckMs / LOOKS);

async function end(place: number): Promise<void> {
  const { id, epoch } = placeAt(memory, place);
  const matchId = new TextDecoder().decode(id.slice());
  const fault = { matchId, epoch: epoch.getUint32(0, true) };
  const msg = `a step of this match has not come back for ${stuckMs} ms; it is cancelled, and this process ends`;
  const line = { level: "fatal", time: new Date().toISOString(), service: "shard", ...fault, msg };
  writeSync(STDERR, `${JSON.stringify(line)}\n`);
  await matches.call.recordResult({
    ...fault,
    outcome: { case: "cancelled", value: { reason: CancelReason.FAULT } },
  });
}

/** Nothing in this process can be trusted to run any more, its own shutdown included. */
function kill(): void {
  process.kill(process.pid, "SIGKILL");
}
