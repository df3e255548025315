// Players of a drill: they play with the SDK, and record what they saw and how long they saw nothing.
import { randomBytes } from "node:crypto";
import { type MatchEnd, MusterClient, type PlayingMatch, Realtime } from "@muster/client";
import { duel, duelBot } from "@muster/game-duel";

export interface DrillPlayer {
  readonly matchId: string;
  readonly seat: number;
  readonly realtime: Realtime;
  readonly ended: Promise<MatchEnd>;
  /** State hashes that this player held, by tick: what it saw must be in the log for ever. */
  readonly seen: Map<number, string>;
  /** By tick: the highest input of its own that the shard had applied. */
  readonly acked: Map<number, number>;
  /** Longest time without a frame since the last call of `watch`, ms. */
  pauseMs(): number;
  watch(): void;
  over(): boolean;
}

/** An input every so many ticks: ten a second. */
const INPUT_EVERY_TICKS = 3;

/** Connects, queues and joins. */
export async function enter(edgeUrl: string, gatewayUrl: string, mode: string): Promise<DrillPlayer> {
  const client = new MusterClient({ url: edgeUrl });
  await client.logInGuest(randomBytes(16).toString("hex"));
  const realtime = new Realtime(gatewayUrl, () => client.accessToken(), {});
  const found = await realtime.queue(mode);
  const match = await realtime.join(found, duel);
  return watched(found.matchId, match, realtime);
}

/** A spectator: it must see what the players see, through every fault. */
export interface Spectator {
  readonly matchId: string;
  readonly realtime: Realtime;
  readonly seen: ReadonlyMap<number, string>;
}

export async function watch(edgeUrl: string, gatewayUrl: string, matchId: string): Promise<Spectator> {
  const client = new MusterClient({ url: edgeUrl });
  await client.logInGuest(randomBytes(16).toString("hex"));
  const realtime = new Realtime(gatewayUrl, () => client.accessToken(), {});
  const match = await realtime.watch(matchId, duel);
  const seen = new Map<number, string>();
  match.onSnapshot(({ tick }) => seen.set(tick, match.stateHash));
  return { matchId, realtime, seen };
}

function watched(
  matchId: string,
  match: PlayingMatch<typeof duel.state, typeof duel.input>,
  realtime: Realtime,
): DrillPlayer {
  const seen = new Map<number, string>();
  const acked = new Map<number, number>();
  let [at, longest, over] = [performance.now(), 0, false];
  const gap = (): void => {
    const now = performance.now();
    if (!over) longest = Math.max(longest, now - at);
    at = now;
  };
  match.onSnapshot(({ tick, state, acks }) => {
    gap();
    seen.set(tick, match.stateHash);
    acked.set(tick, acks[match.seat] as number);
    if (tick % INPUT_EVERY_TICKS === 0) match.send(duelBot(state, match.seat));
  });
  const finish = (): void => {
    gap();
    over = true;
  };
  match.ended.then(finish, finish);
  return {
    matchId,
    seat: match.seat,
    realtime,
    ended: match.ended,
    seen,
    acked,
    over: () => over,
    watch() {
      [at, longest] = [performance.now(), 0];
    },
    pauseMs() {
      gap();
      return longest;
    },
  };
}
