import { randomBytes, randomInt } from "node:crypto";
import { encodeClientControl } from "@muster/realtime";
import { sleep } from "@muster/runtime";
import type { Attack } from "../attack.ts";
import type { Attacker } from "../attacker.ts";
import { attackersOf } from "../flooding.ts";

const ATTACKERS = 5;
const FRAMES = 6;
const CLOSED_WITHIN_MS = 2000;
/** What WebSocket clients say when there was no close frame. */
const NO_CODE = 1006;
/** Of a hundred sockets. */
const UNEXPLAINED_MAX = 1;

const WHOLE = [
  encodeClientControl({ requestId: 1, message: { case: "enqueue", value: { mode: "__proto__", region: "x" } } }),
  encodeClientControl({ requestId: 2, message: { case: "watchMatch", value: { matchId: "x".repeat(3000) } } }),
  encodeClientControl({ requestId: 3, message: { case: "joinMatch", value: { seatTicket: "A".repeat(5000) } } }),
];

/** A message with wrong bytes in its head, a part of one, one and a half, or nothing like one. */
function broken(): Uint8Array {
  const bytes = Buffer.from(WHOLE[randomInt(WHOLE.length)] as Uint8Array);
  const how = randomInt(4);
  if (how === 0) return randomBytes(randomInt(200));
  if (how === 1) return bytes.subarray(0, randomInt(bytes.length));
  if (how === 2) return Buffer.concat([bytes, bytes.subarray(1)]);
  for (let i = 0; i < 4; i++) bytes[randomInt(Math.min(bytes.length, 40))] = randomInt(256);
  return bytes;
}

/** What breaks the protocol is closed, with a code that says so, also while it goes on. */
export const brokenFrames: Attack = {
  name: "broken-frames",
  takes: `frames of a running match: ${ATTACKERS} guests send ${FRAMES} invalid frames each and reconnect whenever they are disconnected`,
  honest: "match",
  shareMin: 0.95,
  worstMsMax: 300,
  landed: ["coded"],
  async prepare(target) {
    const all = attackersOf(target, ATTACKERS);
    const tokens = await Promise.all(all.map((attacker) => attacker.guest()));
    return async (signal) => {
      const counts = { coded: 0, unexplained: 0, open: 0, refused: 0 };
      const flood = async (attacker: Attacker, token: string): Promise<void> => {
        while (!signal.aborted) counts[await oneEnd(attacker, token, signal)]++;
        attacker.close();
      };
      await Promise.all(all.map((attacker, i) => flood(attacker, tokens[i] as string)));
      return counts;
    };
  },
  broken: ({ coded = 0, unexplained = 0 }) =>
    unexplained > 1 && (unexplained * 100) / (coded + unexplained) > UNEXPLAINED_MAX
      ? `${unexplained} of ${coded + unexplained} sockets ended without a code`
      : undefined,
};

type End = "coded" | "unexplained" | "open" | "refused";

async function oneEnd(attacker: Attacker, token: string, signal: AbortSignal): Promise<End> {
  const socket = await attacker.realtime(token).catch(() => undefined);
  if (!socket) return sleep(100, signal).then(() => "refused");
  const closed = new Promise<number>((resolve) => socket.raw.once("close", resolve));
  for (let i = 0; i < FRAMES; i++) socket.frame(broken());
  const code = await Promise.race([closed, sleep(CLOSED_WITHIN_MS)]);
  socket.close();
  if (code === undefined) return "open";
  return code === NO_CODE ? "unexplained" : "coded";
}
