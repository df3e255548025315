import { decodeServerControl } from "@muster/realtime";
import { sleep } from "@muster/runtime";
import type { Attack } from "../attack.ts";
import { attackersOf } from "../flooding.ts";

const GHOSTS = 3;
const MODE = "duel-quick";
/** As often as the gateway lets a player queue. */
const EVERY_MS = 1000;

/** They queue beside six honest players, again whenever they are told of a match, and never come to one. */
export const noShowGhosts: Attack = {
  name: "no-show-ghosts",
  takes: `pairings of six honest players: ${GHOSTS} guests queue again whenever a match is found for them, and join none`,
  honest: "pairing",
  shareMin: 0.8,
  // Every ghost is believed once: of two or three pairings, one would already be too much.
  secondsMin: 8,
  worstMsMax: 6000,
  landed: ["matches", "refused"],
  async prepare(target) {
    const ghosts = attackersOf(target, GHOSTS);
    const sockets = await Promise.all(ghosts.map(async (ghost) => ghost.realtime(await ghost.guest())));
    return async (signal) => {
      const matches = new Set<string>();
      let [enqueued, refused] = [0, 0];
      for (const socket of sockets) {
        socket.raw.on("message", (bytes: Buffer) => {
          const { message } = decodeServerControl(bytes);
          if (message.case === "matchFound") matches.add(message.value.matchId);
          if (message.case === "queueLeft" || message.case === "error") refused++;
        });
      }
      while (!signal.aborted) {
        for (const socket of sockets) {
          socket.control({ requestId: ++enqueued, message: { case: "enqueue", value: { mode: MODE, region: "" } } });
        }
        await sleep(EVERY_MS, signal);
      }
      for (const socket of sockets) socket.close();
      for (const ghost of ghosts) ghost.close();
      return { enqueued, refused, matches: matches.size };
    };
  },
  broken: ({ matches = 0 }) =>
    matches > GHOSTS ? `${GHOSTS} guests who came to no match were given ${matches}` : undefined,
};
