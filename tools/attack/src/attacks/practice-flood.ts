import { CONTROL_FRAME, decodeServerControl } from "@muster/realtime";
import { sleep } from "@muster/runtime";
import type { Attack } from "../attack.ts";
import type { Attacker } from "../attacker.ts";
import { attackersOf } from "../flooding.ts";

const GUESTS = 16;
const MODE = "duel-practice";
/** Of each: what is begun while the ones before are still running. */
const PER_GUEST_MAX = 4;

/** They queue for practice, join, drop the connection, come back and queue again: the match runs on without them. */
export const practiceFlood: Attack = {
  name: "practice-flood",
  takes: `room and time of a running match: ${GUESTS} guests start practice matches, drop out and start again`,
  honest: "match",
  shareMin: 0.95,
  worstMsMax: 300,
  landed: ["matches"],
  async prepare(target) {
    const all = attackersOf(target, GUESTS);
    const tokens = await Promise.all(all.map((attacker) => attacker.guest()));
    return async (signal) => {
      const matches = new Set<string>();
      let rounds = 0;
      const flood = async (attacker: Attacker, token: string): Promise<void> => {
        for (; !signal.aborted; rounds++) await practise(attacker, token, matches, signal);
        attacker.close();
      };
      await Promise.all(all.map((attacker, i) => flood(attacker, tokens[i] as string)));
      return { rounds, matches: matches.size };
    };
  },
  broken: ({ matches = 0 }) =>
    matches > GUESTS * PER_GUEST_MAX ? `${GUESTS} guests began ${matches} practice matches` : undefined,
};

const ROUND_MS_MAX = 1000;

async function practise(attacker: Attacker, token: string, matches: Set<string>, signal: AbortSignal): Promise<void> {
  const socket = await attacker.realtime(token).catch(() => undefined);
  if (!socket) return sleep(ROUND_MS_MAX, signal);
  const joined = new Promise<void>((resolve) => {
    socket.raw.on("message", (bytes: Buffer) => {
      if (bytes[0] !== CONTROL_FRAME) return;
      const { message } = decodeServerControl(bytes);
      if (message.case === "matchFound") {
        matches.add(message.value.matchId);
        const { seatTicket } = message.value;
        socket.control({ requestId: 2, message: { case: "joinMatch", value: { seatTicket } } });
      }
      if (message.case === "matchJoined" || message.case === "error") resolve();
    });
  });
  socket.control({ requestId: 1, message: { case: "enqueue", value: { mode: MODE, region: "" } } });
  await Promise.race([joined, sleep(ROUND_MS_MAX, signal)]);
  socket.close();
}
