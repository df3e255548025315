import { RatingService } from "@muster/contracts/rating/v2";
import { anyMethods } from "@muster/resilience/testing";
import { CONTROL_FRAME, decodeServerControl } from "@muster/realtime";
import { createRpcClient } from "@muster/rpc";
import { sleep } from "@muster/runtime";
import type { Attack, Target } from "../attack.ts";
import type { AttackSocket } from "../attacker.ts";
import { attackersOf } from "../flooding.ts";

/** Alone in their mode: one takes what the other one gives. */
const [FARM, FARM_MODE] = [2, "four"];
/** Beside the honest players. */
const [SPOILERS, SPOILT_MODE] = [2, "duel-quick"];
const LEAVE_AFTER_MS = 150;
/** As often as the gateway lets a player queue. */
const EVERY_MS = 1000;
const MU_INITIAL = 25;
/** As players see them. */
const POINTS_PER_MU = 40;

/** They come to every match, and leave it at once: who is left over has won, or has waited in vain. */
export const joinAndLeave: Attack = {
  name: "join-and-leave",
  takes: `rating and pairings: ${SPOILERS} guests repeatedly leave six honest players as soon as their match has begun, and one lets another win that way`,
  honest: "pairing",
  shareMin: 0.75,
  worstMsMax: 5000,
  landed: ["farmed", "spoilt", "refused"],
  async prepare(target) {
    const attackers = attackersOf(target, FARM + SPOILERS);
    const tokens = await Promise.all(attackers.map((attacker) => attacker.guest()));
    const sockets = await Promise.all(attackers.map((attacker, i) => attacker.realtime(tokens[i] as string)));
    return async (signal) => {
      const roles = sockets.map((socket, i) =>
        playing(socket, { mode: i < FARM ? FARM_MODE : SPOILT_MODE, leaves: i !== 0 }),
      );
      while (!signal.aborted) {
        for (const [i, { mode, socket }] of roles.entries())
          socket.control({ requestId: i + 1, message: { case: "enqueue", value: { mode, region: "" } } });
        await sleep(EVERY_MS, signal);
      }
      for (const socket of sockets) socket.close();
      for (const attacker of attackers) attacker.close();
      const [farm, , ...spoilers] = roles.map(({ matches }) => matches);
      const spoilt = spoilers.flatMap((matches) => [...matches]);
      const honest = spoilt.filter((matchId) => spoilt.indexOf(matchId) === spoilt.lastIndexOf(matchId)); // not each other's
      const refused = roles.reduce((sum, role) => sum + role.refused(), 0);
      const gained = await gainOf(tokens[0] as string, target);
      return { farmed: farm?.size ?? 0, spoilt: honest.length, refused, gained };
    };
  },
  broken: ({ gained = 0, spoilt = 0 }) => {
    if (gained > 0) return `a farmer gained ${gained} rating points by matches that nobody played`;
    return spoilt > SPOILERS ? `${SPOILERS} guests spoilt ${spoilt} pairings` : undefined;
  },
};

/** Joins whatever it is given; `leaves`: and leaves. */
function playing(socket: AttackSocket, { mode, leaves }: { readonly mode: string; readonly leaves: boolean }) {
  const matches = new Set<string>();
  let refused = 0;
  socket.raw.on("message", (bytes: Buffer) => {
    if (bytes[0] !== CONTROL_FRAME) return;
    const { message } = decodeServerControl(bytes);
    if (message.case === "matchFound") {
      const { matchId, seatTicket } = message.value;
      matches.add(matchId);
      socket.control({ requestId: 100, message: { case: "joinMatch", value: { seatTicket } } });
    }
    if (message.case === "error") refused++;
    if (message.case === "matchJoined" && leaves)
      setTimeout(() => socket.control({ requestId: 101, message: { case: "leaveMatch", value: {} } }), LEAVE_AFTER_MS);
  });
  return { mode, socket, matches, refused: () => refused };
}

/** 0 where it cannot be read. */
async function gainOf(accessToken: string, { ratingUrl }: Target): Promise<number> {
  if (ratingUrl === undefined) return 0;
  const claims = JSON.parse(Buffer.from(accessToken.split(".")[1] as string, "base64url").toString()) as {
    sub: string;
  };
  const client = createRpcClient({ service: RatingService, baseUrl: ratingUrl, dependency: anyMethods(5000) });
  try {
    const { ratings } = await client.call.getRatings({ players: [{ playerId: claims.sub, mode: FARM_MODE }] });
    return Math.round(((ratings[0]?.mu ?? MU_INITIAL) - MU_INITIAL) * POINTS_PER_MU);
  } finally {
    await client.stop?.();
  }
}
