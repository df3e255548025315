// Attackers on open realtime connections that send messages at a steady rate.
import { sleep } from "@muster/runtime";
import type { AttackCounts, Strike, Target } from "./attack.ts";
import { Attacker, type AttackSocket } from "./attacker.ts";

/** Sent this often, so many at once as the pace asks for: timers are no finer. */
const EVERY_MS = 20;

export interface Flood {
  /** Attackers, each a guest at an address of its own. */
  readonly attackers: number;
  /** Of each, a second. */
  readonly perS: number;
  /** `number` counts from 0, per attacker. */
  send(socket: AttackSocket, number: number): void;
}

export function attackersOf(target: Target, count: number): Attacker[] {
  return Array.from({ length: count }, (_, i) => new Attacker(target, i + 1));
}

/** What is closed is opened again with the same token: closing alone must not be the defence. */
export async function flooding(target: Target, { attackers, perS, send }: Flood): Promise<Strike> {
  const all = attackersOf(target, attackers);
  const tokens = await Promise.all(all.map((attacker) => attacker.guest()));
  return async (signal): Promise<AttackCounts> => {
    const counts = { sent: 0, answered: 0, closed: 0, refused: 0 };
    const flood = async (attacker: Attacker, token: string): Promise<void> => {
      let socket: AttackSocket | undefined;
      let number = 0;
      const from = performance.now();
      while (!signal.aborted) {
        if (!socket?.open) {
          if (socket) counts.closed++;
          counts.answered += socket?.messages ?? 0;
          socket = await attacker.realtime(token).catch(() => undefined);
          if (!socket) counts.refused++;
        }
        const wanted = Math.floor(((performance.now() - from) / 1000) * perS);
        for (; number < wanted && socket?.open; number++, counts.sent++) send(socket, number);
        number = wanted;
        await sleep(EVERY_MS, signal);
      }
      counts.answered += socket?.messages ?? 0;
      socket?.close();
      attacker.close();
    };
    await Promise.all(all.map((attacker, i) => flood(attacker, tokens[i] as string)));
    return counts;
  };
}
