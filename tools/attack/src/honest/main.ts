// The process of the honest players: it does what its parent says and answers with its observations.
import { MusterError } from "@muster/client";
import { sleep } from "@muster/runtime";
import type { Activity, HonestActivity, Observation } from "./activity.ts";
import { type ChatRoom, chatActivity, openChatRoom } from "./chat.ts";
import { logInActivity } from "./log-in.ts";
import { matchActivity } from "./match.ts";
import { pairingActivity } from "./pairing.ts";
import { HonestPlayers } from "./players.ts";
import { restActivity } from "./rest.ts";

export type Order =
  | { readonly do: "start"; readonly activity: HonestActivity }
  | { readonly do: "begin" }
  | { readonly do: "observe" }
  | { readonly do: "stop" };

export type Answer = { readonly observation?: Observation } | { readonly failed: string };

const START_WITHIN_MS = 20_000;
const START_AGAIN_MS = 500;

const players = new HonestPlayers(process.argv[2] as string);
const ACTIVITIES: Readonly<Record<HonestActivity, () => Promise<Activity>>> = {
  rest: () => restActivity(players),
  "log-in": () => logInActivity(players.url),
  match: () => matchActivity(players),
  pairing: () => pairingActivity(players),
  chat: async () => chatActivity((room ??= await openChatRoom(players))),
};
let room: ChatRoom | undefined;
let activity: Activity | undefined;

process.on("message", (order: Order) => {
  obey(order).then(
    (answer) => process.send?.(answer),
    (err: unknown) => process.send?.({ failed: String(err) } satisfies Answer),
  );
});
process.on("disconnect", () => {
  players.close();
  process.exit(); // whatever is still waiting for an answer
});

/** An activity whose players are in: the attack before may have left the system busy, and players try again. */
async function started(start: () => Promise<Activity>): Promise<Activity> {
  const giveUpAt = performance.now() + START_WITHIN_MS;
  for (;;) {
    try {
      return await start();
    } catch (err) {
      if (!(err instanceof MusterError) || performance.now() > giveUpAt) throw err;
      await sleep(START_AGAIN_MS);
    }
  }
}

async function obey(order: Order): Promise<Answer> {
  switch (order.do) {
    case "start":
      activity = await started(ACTIVITIES[order.activity]);
      return {};
    case "begin":
      activity?.begin();
      return {};
    case "observe": {
      const observation = await activity?.observe();
      return observation ? { observation } : {};
    }
    case "stop":
      await activity?.stop();
      activity = undefined;
      return {};
  }
}
