import { randomBytes } from "node:crypto";
import { MusterClient } from "@muster/client";
import { sleep } from "@muster/runtime";
import type { Attack } from "../attack.ts";
import { Attacker } from "../attacker.ts";

const STRANGERS = 6;

/** The same id with other letters in capitals. */
function respelt(id: string): string {
  return Array.from(id, (letter) => (Math.random() < 0.5 ? letter.toUpperCase() : letter)).join("");
}

/** Fills a victim's list of channels: by spellings of its id, each of which would be another channel. */
export const directChannels: Attack = {
  name: "direct-channels",
  takes:
    "opens direct channels with one victim, under every spelling of its id, so that its own channels leave the list",
  honest: "chat",
  shareMin: 0.95,
  worstMsMax: 2000,
  landed: ["channels", "refused"],
  async prepare(target) {
    const victim = new MusterClient({ url: target.url });
    const { playerId } = await victim.logInGuest(randomBytes(16).toString("hex"));
    const strangers = await Promise.all(
      Array.from({ length: STRANGERS }, async (_, i) => {
        const attacker = new Attacker(target, 90 + i);
        return { attacker, headers: { authorization: `Bearer ${await attacker.guest()}` } };
      }),
    );
    return async (signal) => {
      const opened = new Set<string>();
      const counts = { asked: 0, refused: 0, other: 0, channels: 0 };
      const strike = async ({ attacker, headers }: (typeof strangers)[number]): Promise<void> => {
        while (!signal.aborted) {
          const body = { playerId: respelt(playerId) };
          const { status, body: text } = await attacker.rest("POST", "/v1/chat/direct", { body, headers });
          counts.asked++;
          if (status === 200 || status === 201) opened.add((JSON.parse(text) as { channelId: string }).channelId);
          else counts[status === 429 ? "refused" : "other"]++;
          await sleep(10, signal);
        }
      };
      await Promise.all(strangers.map(strike));
      for (const { attacker } of strangers) attacker.close();
      counts.channels = opened.size;
      return counts;
    };
  },
  broken: ({ channels = 0 }) =>
    channels > STRANGERS ? `${channels} channels between a victim and ${STRANGERS} strangers` : undefined,
};
