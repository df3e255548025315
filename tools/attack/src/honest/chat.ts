import { randomBytes } from "node:crypto";
import { type Activity, Steps } from "./activity.ts";
import type { HonestPlayer, HonestPlayers } from "./players.ts";

const MEMBERS = 8;
/** Of all of them together: each writes 18 a minute, and 20 is the limit. */
const EVERY_MS = 420;
/** A message that the reader has not got by then is lost. */
const WITHIN_MS = 2000;

export interface ChatRoom {
  readonly channelId: string;
  readonly members: readonly HonestPlayer[];
}

/** A private room of the honest players. */
export async function openChatRoom(players: HonestPlayers): Promise<ChatRoom> {
  const members = await players.take(MEMBERS);
  const [owner, ...others] = members as [HonestPlayer, ...HonestPlayer[]];
  const name = `honest ${randomBytes(4).toString("hex")}`;
  const { channelId } = await owner.client.chat.createRoom(name, { private: true });
  for (const { client } of others) {
    await owner.client.chat.invite(channelId, (await client.me()).playerId);
    await client.chat.acceptInvitation(channelId);
  }
  return { channelId, members };
}

/** The members write in turn, the first one reads on its realtime connection: every message is a step. */
export async function chatActivity({ channelId, members }: ChatRoom): Promise<Activity> {
  const arrived = new Map<string, () => void>();
  await (members[0] as HonestPlayer).realtime.subscribeToChat({ onMessage: ({ body }) => arrived.get(body)?.() });
  const steps = new Steps();
  const stop = new AbortController();
  const say = async (number: number): Promise<void> => {
    const writer = members[number % members.length] as HonestPlayer;
    const body = `message ${randomBytes(8).toString("hex")}`;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    arrived.set(body, resolve);
    const late = setTimeout(() => reject(new Error(`not heard within ${WITHIN_MS} ms`)), WITHIN_MS);
    try {
      await Promise.all([writer.realtime.sendChat(channelId, body), promise]);
    } finally {
      clearTimeout(late);
      arrived.delete(body);
    }
  };
  const running = steps.every(EVERY_MS, stop.signal, say);
  return {
    begin: () => steps.begin(),
    observe: () => steps.observe(),
    async stop() {
      stop.abort();
      await running;
    },
  };
}
