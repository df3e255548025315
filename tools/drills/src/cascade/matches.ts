// Matches that go on during a drill: a fault elsewhere may not be felt in them.
import { randomBytes } from "node:crypto";
import { MusterClient, Realtime } from "@muster/client";
import { duel, duelBot } from "@muster/game-duel";

export interface RunningMatches {
  /** The longest time that any player of a running match has seen no frame, since the last call, ms. */
  longestPauseMs(): number;
  /** Matches that ended as they should, and those that did not. */
  readonly ended: { readonly played: number; readonly failed: readonly string[] };
  stop(): Promise<void>;
}

const INPUT_EVERY_TICKS = 3;
const AGAIN_MS = 500;

/** Keeps so many pairs playing, one match after the other, each over the connection that it has. */
export async function keepMatches(edgeUrl: string, gatewayUrl: string, pairs: number): Promise<RunningMatches> {
  const pauses = { longest: 0 };
  const failed: string[] = [];
  let played = 0;
  const stop = new AbortController();
  const players = await Promise.all(
    Array.from({ length: pairs * 2 }, async () => {
      const client = new MusterClient({ url: edgeUrl });
      await client.logInGuest(randomBytes(16).toString("hex"));
      return new Realtime(gatewayUrl, () => client.accessToken(), {});
    }),
  );
  const playOn = async (realtime: Realtime): Promise<void> => {
    while (!stop.signal.aborted) {
      try {
        const kind = await playOnce(realtime, stop.signal, pauses);
        if (kind === "ended") played++;
        else if (!stop.signal.aborted) failed.push(kind);
      } catch {
        // It waits for a match, or could not join one: that costs what the queue depends on, which the REST figures show.
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
  };
  const loops = players.map(playOn);
  return {
    longestPauseMs() {
      const { longest } = pauses;
      pauses.longest = 0;
      return longest;
    },
    ended: {
      get played() {
        return played;
      },
      failed,
    },
    async stop() {
      stop.abort();
      for (const realtime of players) realtime.close();
      await Promise.all(loops);
    },
  };
}

/** @returns how it ended */
async function playOnce(realtime: Realtime, signal: AbortSignal, pauses: { longest: number }): Promise<string> {
  const found = await realtime.queue("duel-quick", { signal });
  const match = await realtime.join(found, duel);
  let at: number | undefined;
  match.onSnapshot(({ tick, state }) => {
    const now = performance.now();
    if (at !== undefined) pauses.longest = Math.max(pauses.longest, now - at);
    at = now;
    if (tick % INPUT_EVERY_TICKS === 0) match.send(duelBot(state, match.seat));
  });
  const closed = new Promise<{ kind: string }>((resolve) => {
    signal.addEventListener("abort", () => resolve({ kind: "stopped" }), { once: true });
  });
  return (await Promise.race([match.ended, closed])).kind;
}
