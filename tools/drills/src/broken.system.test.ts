// A game that loops, allocates, is slow or throws loses its own match. Every other match on its shard continues, and nothing
// that their players saw is lost.
import { randomBytes } from "node:crypto";
import path from "node:path";
import { type MatchEnd, MusterClient, Realtime } from "@muster/client";
import { describeWithServers } from "@muster/testkit";
import { expect, it } from "vitest";
import { ALLOCATES, broken, LOOPS, SLOW, THROWS } from "./broken-games.ts";
import { enter } from "./players.ts";
import { proveKept } from "./proof.ts";
import { openTestCluster } from "./test-cluster.ts";

const MATCHES = 3;
const WITHIN_MS = 90_000;
const MAIN = path.join(import.meta.dirname, "broken-main.ts");

/** Of the matches that go on. Those on a shard that dies must last until another one has started. */
const ROUND_TICKS = 150;
const ROUND_TICKS_AFTER_A_DEATH = 300;

/** The two players of a broken match. */
async function brokenMatch(edgeUrl: string, gatewayUrl: string, mode: string): Promise<MatchEnd[]> {
  const players = await Promise.all(
    [0, 1].map(async () => {
      const client = new MusterClient({ url: edgeUrl });
      await client.logInGuest(randomBytes(16).toString("hex"));
      const realtime = new Realtime(gatewayUrl, () => client.accessToken(), {});
      return { realtime, found: await realtime.queue(mode) };
    }),
  );
  const matches = await Promise.all(players.map(({ realtime, found }) => realtime.join(found, broken)));
  const ends = await Promise.all(matches.map(({ ended }) => ended));
  for (const { realtime } of players) realtime.close();
  return ends;
}

interface Breaking {
  readonly note: string;
  readonly hows: readonly number[];
  readonly dies: boolean;
  readonly said: readonly string[];
}

describeWithServers("a game that breaks", () => {
  it.each<Breaking>([
    { note: "loops for ever", hows: [LOOPS], dies: true, said: ["has not returned"] },
    { note: "allocates without end", hows: [ALLOCATES], dies: true, said: ["has not returned"] },
    {
      note: "takes too long for a step, or throws",
      hows: [SLOW, THROWS],
      dies: false,
      said: ["StepOverrunError", "a bug in the game"],
    },
  ])(
    "$note: its match is cancelled, with the reason in the log, and all others go on",
    async ({ hows, dies, said }) => {
      const roundTicks = dies ? ROUND_TICKS_AFTER_A_DEATH : ROUND_TICKS;
      const modes = hows.map((how) => [`broken-${how}`, { game: "broken", seats: 2, options: { how } }] as const);
      await using cluster = await openTestCluster({
        gateways: 1,
        shards: 1,
        mains: { shard: [MAIN, "shard"], matchmaker: [MAIN, "matchmaker"] },
        env: {
          MATCHMAKER_MODES: JSON.stringify({
            drill: { game: "duel", seats: 2, options: { rounds: 1, roundTicks } },
            ...Object.fromEntries(modes),
          }),
        },
      });
      const players = await Promise.all(
        Array.from({ length: MATCHES * 2 }, () => enter(cluster.edgeUrl, cluster.gatewayUrl, "drill")),
      );
      const ends = modes.map(([mode]) => brokenMatch(cluster.edgeUrl, cluster.gatewayUrl, mode));
      if (dies) await cluster.add("shard"); // where the others go
      for (const end of (await Promise.all(ends)).flat()) expect(end.kind).toBe("cancelled");
      const proof = await proveKept(cluster.matchUrl, players);
      expect(proof.problems).toEqual([]);
      expect(Object.values(proof.epochs).reduce((a, b) => a + b, 0)).toBe(MATCHES);
      // Only a step that never comes back takes its process with it: then the others are in their second epoch.
      expect(proof.epochs[2] ?? 0).toBe(dies ? MATCHES : 0);
      expect(cluster.shards[0]?.child.running).toBe(!dies);
      const lines = cluster.shards.flatMap((shard) => shard.lines).join("\n");
      for (const text of said) expect(lines).toContain(text);
      for (const player of players) player.realtime.close();
    },
    WITHIN_MS,
  );
});
