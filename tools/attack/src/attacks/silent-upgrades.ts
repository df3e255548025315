import { sleep } from "@muster/runtime";
import { SUBPROTOCOL } from "@muster/realtime";
import WebSocket from "ws";
import type { Attack } from "../attack.ts";
import { Attacker } from "../attacker.ts";

/** Opened by then, if the server let them. */
const WANTED = 1000;
const AT_ONCE = 50;
/** Of one address, and some room for those whose end is on its way. */
const OPEN_MAX = 250;

/** Sockets of one address that never say who they are, opened again as soon as they are closed. */
export const silentUpgrades: Attack = {
  name: "silent-upgrades",
  takes: `the capacity of a gateway: one address opens ${WANTED} sockets and sends nothing`,
  honest: "match",
  shareMin: 0.95,
  worstMsMax: 1000,
  landed: ["opened"],
  async prepare(target) {
    const attacker = new Attacker(target, 1);
    const url = `${target.url.replace(/^http/, "ws")}/v1/realtime`;
    return async (signal) => {
      const open = new Set<WebSocket>();
      const counts = { opened: 0, refused: 0, openMax: 0 };
      const one = (): Promise<void> =>
        new Promise((resolve) => {
          const options = { localAddress: attacker.address, handshakeTimeout: 5000 } as WebSocket.ClientOptions;
          const socket = new WebSocket(url, [SUBPROTOCOL], options);
          socket.on("open", () => {
            open.add(socket);
            counts.opened++;
            counts.openMax = Math.max(counts.openMax, open.size);
            resolve();
          });
          socket.on("error", () => resolve()); // the close says it
          socket.on("close", () => {
            if (!open.delete(socket)) counts.refused++;
            resolve();
          });
        });
      while (!signal.aborted) {
        await Promise.all(Array.from({ length: Math.min(AT_ONCE, WANTED - open.size) }, one));
        await sleep(20, signal);
      }
      for (const socket of open) socket.terminate();
      attacker.close();
      return counts;
    };
  },
  broken: ({ openMax = 0 }) =>
    openMax > OPEN_MAX ? `${openMax} sockets of one address were open without a player; its limit is 200` : undefined,
};
