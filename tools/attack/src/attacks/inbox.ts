import { randomBytes } from "node:crypto";
import { MusterClient } from "@muster/client";
import { sleep } from "@muster/runtime";
import type { Attack, Target } from "../attack.ts";
import { Attacker } from "../attacker.ts";

/** All at one address: more than strangers together may open with one player at once. */
const CROWD = 24;
/** Of those, the share of one address, and what comes back of it in the time. */
const INVITATIONS_MAX = 8;

interface Guest {
  readonly attacker: Attacker;
  readonly headers: Readonly<Record<string, string>>;
}

async function guestAt(target: Target, number: number): Promise<Guest> {
  const attacker = new Attacker(target, number);
  return { attacker, headers: { authorization: `Bearer ${await attacker.guest()}` } };
}

async function crowdAt(
  target: Target,
  number: number,
): Promise<{ victim: MusterClient; playerId: string; crowd: readonly Guest[] }> {
  const victim = new MusterClient({ url: target.url });
  const { playerId } = await victim.logInGuest(randomBytes(16).toString("hex"));
  const crowd: Guest[] = [];
  for (let i = 0; i < CROWD; i++) crowd.push(await guestAt(target, number));
  return { victim, playerId, crowd };
}

/** Uses up what strangers may open with a victim, from one address, so that nobody else can. */
export const inboxShares: Attack = {
  name: "inbox-shares",
  takes: "opens direct channels with one victim from one address, so that strangers at other addresses cannot",
  honest: "chat",
  shareMin: 0.95,
  worstMsMax: 2000,
  landed: ["opened"],
  async prepare(target) {
    const { playerId, crowd } = await crowdAt(target, 120);
    const other = await guestAt(target, 121);
    return async (signal) => {
      const counts = { opened: 0, refused: 0, "other address opened": 0 };
      const open = async ({ attacker, headers }: Guest): Promise<boolean> =>
        (await attacker.rest("POST", "/v1/chat/direct", { body: { playerId }, headers })).status === 200;
      const strike = async (guest: Guest): Promise<void> => {
        if (await open(guest)) counts.opened++;
        else counts.refused++;
      };
      for (const guest of crowd) await strike(guest);
      if (await open(other)) counts["other address opened"]++;
      for (let i = 0; !signal.aborted; i++) {
        await strike(crowd[i % CROWD] as Guest);
        await sleep(20, signal);
      }
      for (const { attacker } of [...crowd, other]) attacker.close();
      return counts;
    };
  },
  broken: (counts) => (counts["other address opened"] === 1 ? undefined : "a stranger at another address was refused"),
};

/** Fills a victim's list of channels with rooms that it never asked for. */
export const roomInvitations: Attack = {
  name: "room-invitations",
  takes: "puts one victim into private rooms of its own, so that the victim's channels leave its list",
  honest: "chat",
  shareMin: 0.95,
  worstMsMax: 2000,
  landed: ["taken"],
  async prepare(target) {
    const { victim, playerId, crowd } = await crowdAt(target, 122);
    return async (signal) => {
      const counts = { rooms: 0, taken: 0, refused: 0, "rooms of the victim": 0, "invitations of the victim": 0 };
      const strike = async ({ attacker, headers }: Guest): Promise<void> => {
        while (!signal.aborted) {
          const body = { name: `trap ${randomBytes(6).toString("hex")}`, private: true };
          const { status, body: text } = await attacker.rest("POST", "/v1/chat/rooms", { body, headers });
          if (status === 200) {
            counts.rooms++;
            const { channelId } = JSON.parse(text) as { channelId: string };
            const invited = await attacker.rest("PUT", `/v1/chat/channels/${channelId}/members/${playerId}`, {
              headers,
            });
            if (invited.status === 204) counts.taken++;
            else counts.refused++;
          }
          await sleep(50, signal);
        }
      };
      await Promise.all(crowd.map(strike));
      const [channels, invitations] = [await victim.chat.channels(), await victim.chat.invitations()];
      counts["rooms of the victim"] = channels.filter(({ kind }) => kind === "room").length;
      counts["invitations of the victim"] = invitations.length;
      for (const { attacker } of crowd) attacker.close();
      return counts;
    };
  },
  broken(counts) {
    const [rooms = 0, invitations = 0] = [counts["rooms of the victim"], counts["invitations of the victim"]];
    if (rooms > 0) return `the victim is in ${rooms} rooms that it never joined`;
    return invitations > INVITATIONS_MAX ? `the victim has ${invitations} invitations of one address` : undefined;
  },
};
