import type { MatchEnd } from "@muster/client";
import { duel } from "@muster/game-duel";
import { sleep } from "@muster/runtime";
import { type Activity, Steps } from "./activity.ts";
import type { HonestPlayer, HonestPlayers } from "./players.ts";

const MODE = "duel-quick";
const PLAYERS = 6;
/** As long as a match must last to be one; the other one comes and goes at about the same time. */
const STAY_MS = 3000;
const LEAVE_AFTER_MS = STAY_MS + 300;
/** Pairs begin one after the other, so that some queue in every window. */
const PAIR_EVERY_MS = 1200;
/** A pairing that has not led to a frame by then has failed. */
const WITHIN_MS = 5000;

/**
 * Six players queue, see the first frame of their match, play for a while, leave and queue again: every one of them is a step. It takes as
 * long as until the frame, and has worked when the match then lasts.
 */
export async function pairingActivity(players: HonestPlayers): Promise<Activity> {
  const all = (await players.take(PLAYERS + 2)).slice(2); // the first two may be in a duel
  const steps = new Steps();
  let stopped = false;
  const running = all.map(async (player, i) => {
    await sleep(Math.floor(i / 2) * PAIR_EVERY_MS);
    while (!stopped) await steps.timed(() => pairing(player));
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

async function pairing({ realtime }: HonestPlayer): Promise<number> {
  const at = performance.now();
  const found = await realtime.queue(MODE, { signal: AbortSignal.timeout(WITHIN_MS) });
  const match = await realtime.join(found, duel);
  const { promise: firstFrame, resolve, reject } = Promise.withResolvers<void>();
  match.onSnapshot(() => resolve());
  const late = setTimeout(() => reject(new Error(`no frame within ${WITHIN_MS} ms`)), WITHIN_MS);
  try {
    await Promise.race([firstFrame, match.ended.then(refuse)]);
    const tookMs = performance.now() - at;
    await Promise.race([sleep(STAY_MS), match.ended.then(refuse)]);
    await sleep(LEAVE_AFTER_MS - STAY_MS);
    return tookMs;
  } finally {
    clearTimeout(late);
    await realtime.leaveMatch().catch(() => undefined); // the other one was faster
  }
}

/** Nobody came, or nobody stayed. */
function refuse(end: MatchEnd): never {
  throw new Error(end.kind === "cancelled" ? `the match was cancelled: ${end.reason}` : "the match ended immediately");
}
