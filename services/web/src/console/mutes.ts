// Mutes and deletions in channels, as orders. By the chat routes, which moderators may use in every channel but direct ones.
import { client } from "../session/session.ts";
import type { Order } from "./orders.tsx";
import { words } from "./words.ts";

const MUTES = { hour: 3600, day: 86_400, week: 7 * 86_400, month: 30 * 86_400 } as const;
type Duration = keyof typeof MUTES;

export function muteDurations(): (readonly [Duration, string])[] {
  const { durations } = words.value.players;
  return (Object.keys(MUTES) as Duration[]).map((key) => [key, durations[key]]);
}

/** `choice`: one of `muteDurations`. */
export function secondsOf(choice: string): number {
  return MUTES[choice as Duration];
}

export function deletionOf(channelId: string, seq: number): Order {
  const { reports: say } = words.value;
  return {
    question: say.deleteAsk,
    yes: say.deleteMessage,
    reason: "none",
    async send() {
      await client.chat.delete(channelId, seq);
      return say.deleted;
    },
  };
}

export function muteOf(channelId: string, playerId: string, name: string): Order {
  const { reports: say, players } = words.value;
  return {
    question: say.muteAsk(name),
    yes: say.mute,
    reason: "player",
    choice: { label: players.banFor, options: muteDurations() },
    async send(reason, choice) {
      await client.chat.mute(channelId, playerId, { seconds: secondsOf(choice), reason });
      return say.muted(name);
    },
  };
}

export function unmuteOf(channelId: string, playerId: string, name: string): Order {
  const { chat: say } = words.value;
  return {
    question: say.unmuteAsk(name),
    yes: say.unmute,
    reason: "none",
    async send() {
      await client.chat.unmute(channelId, playerId);
      return say.unmuted(name);
    },
  };
}
