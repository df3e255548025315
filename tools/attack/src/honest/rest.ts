import { type Activity, Steps } from "./activity.ts";
import type { HonestPlayers } from "./players.ts";

const EVERY_MS = 50;

/** Two players read their own profiles, twenty requests a second in all. */
export async function restActivity(players: HonestPlayers): Promise<Activity> {
  const [first, second] = await players.takeTwo();
  const steps = new Steps();
  const stop = new AbortController();
  const running = steps.every(EVERY_MS, stop.signal, (number) => (number % 2 === 0 ? first : second).client.me());
  return {
    begin: () => steps.begin(),
    observe: () => steps.observe(),
    async stop() {
      stop.abort();
      await running;
    },
  };
}
