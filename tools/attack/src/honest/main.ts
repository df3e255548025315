// The honest players' process: told by its parent what to do, it answers with what it saw.
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

const players = new HonestPlayers(process.argv[2] as string);
const ACTIVITIES: Readonly<Record<HonestActivity, () => Promise<Activity>>> = {
  rest: () => restActivity(players),
  "log-in": () => logInActivity(players.url),
  match: () => matchActivity(players),
  pairing: () => pairingActivity(players),
  chat: async () => chatActivity(await (room ??= openChatRoom(players))),
};
let room: Promise<ChatRoom> | undefined;
let activity: Activity | undefined;

process.on("message", (order: Order) => {
  obey(order).then(
    (answer) => process.send?.(answer),
    (err: unknown) => process.send?.({ failed: String(err) } satisfies Answer),
  );
});
process.on("disconnect", () => {
  const exit = (): void => process.exit(); // whatever is still waiting for an answer
  players.close().then(exit, exit);
});

async function obey(order: Order): Promise<Answer> {
  switch (order.do) {
    case "start":
      activity = await ACTIVITIES[order.activity]();
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
