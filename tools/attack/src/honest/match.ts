import { duel, duelBot } from "@muster/game-duel";
import { sleep, until } from "@muster/runtime";
import type { Activity } from "./activity.ts";
import type { HonestPlayer, HonestPlayers } from "./players.ts";
import { percentile } from "@muster/testkit/numbers";

const MODE = "duel";
/** Of every match here; before the first one has said so. */
const TICK_RATE = 30;
/** Who leaves a match sooner has to wait before it may queue again, and these two are needed again. */
const STAY_MS = 3300;

/**
 * Two players in a duel, one duel after the other. Every frame is a step, and the time since the frame before it is its
 * length; the time between two duels is no step, but its frames are missing.
 */
export async function matchActivity(players: HonestPlayers): Promise<Activity> {
  const pair = await players.takeTwo();
  /** By player, while it plays. */
  const lastAt = new Map<number, number>();
  const gaps: number[] = [];
  let [from, begunAt, stopped] = [performance.now(), -Infinity, false];

  const gap = (player: number): void => {
    const now = performance.now();
    gaps.push(now - (lastAt.get(player) ?? now));
    lastAt.set(player, now);
  };
  const play = async ({ realtime }: HonestPlayer, player: number): Promise<void> => {
    const match = await realtime.join(await realtime.queue(MODE), duel);
    lastAt.set(player, (begunAt = performance.now()));
    match.onSnapshot(({ state }) => {
      gap(player);
      match.send(duelBot(state, match.seat));
    });
    await match.ended;
    lastAt.delete(player);
  };
  const rounds = (async () => {
    while (!stopped) await Promise.allSettled(pair.map(play)); // what failed is missing in the frames
  })();
  await until(() => (gaps.length > 0 ? undefined : "no duel has begun"), 30_000);
  return {
    begin() {
      from = performance.now();
      gaps.length = 0;
      for (const player of lastAt.keys()) lastAt.set(player, from);
    },
    async observe() {
      const worked = gaps.length;
      for (const player of lastAt.keys()) gap(player);
      const sorted = gaps.toSorted((a, b) => a - b);
      return {
        expected: Math.floor(((performance.now() - from) / 1000) * TICK_RATE * pair.length),
        worked,
        worstMs: sorted.at(-1) ?? performance.now() - from,
        p99Ms: percentile(sorted, 0.99) ?? performance.now() - from,
      };
    },
    async stop() {
      stopped = true;
      await sleep(Math.max(0, begunAt + STAY_MS - performance.now()));
      await Promise.allSettled(pair.map(({ realtime }) => realtime.leaveMatch()));
      await rounds;
    },
  };
}
