import type { MatchEnd } from "@muster/client";
import { duel } from "@muster/game-duel";
import { sleep } from "@muster/runtime";
import { type Activity, Steps } from "./activity.ts";
import type { HonestPlayer, HonestPlayers } from "./players.ts";

const MODE = "duel-quick";
const PLAYERS = 6;
/** Who leaves at once may leave before the other one has joined. */
const STAY_MS = 250;
/** From one wait to the next: a player may not queue more often for long. */
const ROUND_MS = 1200;
/** A pairing that has not led to a frame by then has failed. */
const WITHIN_MS = 5000;

/** Six players queue, see the first frame of their match, leave it soon and queue again: every one of them is a step. */
export async function pairingActivity(players: HonestPlayers): Promise<Activity> {
  const all = (await players.take(PLAYERS + 2)).slice(2); // the first two may be in a duel
  const steps = new Steps();
  let stopped = false;
  const running = all.map(async (player) => {
    while (!stopped) {
      const rest = sleep(ROUND_MS);
      await steps.time(() => pairing(player));
      await rest;
    }
  });
  return {
    begin: () => steps.begin(),
    observe: () => steps.observe(),
    async stop() {
      stopped = true;
      await Promise.all(running);
    },
  };
}

async function pairing({ realtime }: HonestPlayer): Promise<void> {
  const found = await realtime.queue(MODE, { signal: AbortSignal.timeout(WITHIN_MS) });
  const match = await realtime.join(found, duel);
  const { promise: firstFrame, resolve, reject } = Promise.withResolvers<void>();
  match.onSnapshot(() => resolve());
  const late = setTimeout(() => reject(new Error(`no frame within ${WITHIN_MS} ms`)), WITHIN_MS);
  try {
    await Promise.race([firstFrame, match.ended.then(refuseCancelled)]);
    await sleep(STAY_MS);
  } finally {
    clearTimeout(late);
    await realtime.leaveMatch().catch(() => undefined); // the other one was faster
  }
}

/** A match that the other one has left by now was one; a cancelled one was not: somebody never came. */
function refuseCancelled(end: MatchEnd): void {
  if (end.kind === "cancelled") throw new Error(`the match was cancelled: ${end.reason}`);
}
