// Clients that cannot keep up, on real sockets with the kernel's buffers between: they may miss ticks, never diverge, never make
// the gateway grow, and the others notice nothing. A duel sends so little that a client could fall minutes behind before a
// byte waits in the gateway: what counts is whether it reads. More of each, for longer:
// SLOW_READERS=50 SLOW_PAUSE_MS=20000 pnpm exec vitest run tools/e2e/src/slow.system.test.ts
import { type PlayingMatch, Realtime, type WatchedMatch } from "@muster/client";
import { duel } from "@muster/game-duel";
import { describeWithServers, until } from "@muster/testkit";
import type { Faults } from "@muster/testkit/fault-proxy";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type BadLink, openBadLink } from "./bad-link.ts";
import { type DuelMatch, guest, pilot } from "./players.ts";
import { type System, startSystem } from "./system.ts";

const STALE_MS = 300;
/** Of a duel's 500 or so. */
const TRICKLE_BYTES_PER_S = 100;
/** Longer than keyframes are apart: what is older than the last one is never shown. */
const PAUSE_MS = Number(process.env["SLOW_PAUSE_MS"] ?? 5000);
const SLOW_CLOSE_MS = PAUSE_MS + 3000;
const READERS = Number(process.env["SLOW_READERS"] ?? 3);

interface Reader<Match> {
  readonly link: BadLink;
  readonly realtime: Realtime;
  readonly match: Match;
  /** By tick, what it held. */
  readonly seen: Map<number, string>;
  /** Called when the connection was lost for good. */
  lost: boolean;
}

describeWithServers("clients that cannot keep up", () => {
  let system: System;
  const links: BadLink[] = [];
  beforeAll(async () => {
    system = await startSystem({
      nginx: false,
      env: {
        MATCHMAKER_MODES: JSON.stringify({
          long: { game: "duel", seats: 2, options: { rounds: 9, roundTicks: 9000 } },
        }),
        GATEWAY_STALE_MS: String(STALE_MS),
        GATEWAY_SLOW_CLOSE_MS: String(SLOW_CLOSE_MS),
        GATEWAY_SPECTATOR_DELAY_MS: "0",
        SHARD_JOIN_WITHIN_MS: "20000",
        SHARD_GRACE_MS: "60000",
      },
    });
  });
  afterAll(async () => {
    for (const link of links) await link.close();
    await system[Symbol.asyncDispose]();
  });

  const open = async (quality: Faults): Promise<{ link: BadLink; realtime: Realtime }> => {
    const { client } = await guest(system.url);
    const link = await openBadLink(system.gatewayUrls[0] as string, quality, () => 1);
    links.push(link);
    return { link, realtime: new Realtime(link.url, () => client.accessToken(), { reconnectWithinMs: 0 }) };
  };
  const reader = <M extends DuelMatch | WatchedMatch<typeof duel.state>>(
    line: { link: BadLink; realtime: Realtime },
    match: M,
  ): Reader<M> => {
    const one: Reader<M> = { ...line, match, seen: new Map(), lost: false };
    (match as PlayingMatch<typeof duel.state>).onSnapshot(({ tick }) => void one.seen.set(tick, match.stateHash));
    return one;
  };
  const player = async (): Promise<Reader<DuelMatch>> => {
    const line = await open({});
    return reader(line, await line.realtime.join(await line.realtime.queue("long"), duel));
  };
  const spectator = async (matchId: string): Promise<Reader<WatchedMatch<typeof duel.state>>> => {
    const line = await open({});
    return reader(line, await line.realtime.watch(matchId, duel));
  };
  const metric = async (name: string, labels = ""): Promise<number> => {
    const text = await (await fetch(`http://127.0.0.1:${system.env["GATEWAY_ADMIN_PORT"]}/metrics`)).text();
    return Number(new RegExp(`^${name}\\{${labels}[^}]*\\} ([\\d.]+)$`, "m").exec(text)?.[1] ?? 0);
  };

  it.each([{ each: READERS }])(
    "skip, then hold the server's very state again: throttled below the match's rate, or paused; who never reads is closed as slow ($each of each)",
    { timeout: 60_000 + 4 * PAUSE_MS },
    async ({ each }) => {
      const [good, paused] = await Promise.all([player(), player()]);
      for (const { match } of [good, paused]) pilot(match);
      const of = (): Promise<Reader<WatchedMatch<typeof duel.state>>[]> =>
        Promise.all(Array.from({ length: each }, () => spectator(good.match.matchId)));
      const [trickles, pausers, nevers] = [await of(), await of(), await of()];
      const all = [...trickles, ...pausers, ...nevers];
      await until(() => (all.every(({ seen }) => seen.size > 5) ? undefined : "not all watch"));
      const before = { slow: await metric("gateway_disconnects_total", 'reason="slow"'), at: performance.now() };
      for (const { link } of trickles) link.quality.bytesPerS = TRICKLE_BYTES_PER_S;
      for (const { link } of [paused, ...pausers, ...nevers]) link.quality.paused = true;
      const skipped = await metric("gateway_snapshots_skipped_total");
      await until(async () =>
        (await metric("gateway_stale_sockets")) >= 2 * each + 1 ? undefined : "those who do not read are not seen",
      );
      expect(performance.now() - before.at).toBeLessThan(3 * STALE_MS + 3000); // asked, its time, and some sweeps
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS - (performance.now() - before.at)));
      expect(await metric("gateway_snapshots_skipped_total")).toBeGreaterThan(skipped);
      const from = Math.max(...good.seen.keys());
      for (const { link } of [paused, ...pausers]) link.quality.paused = false;
      for (const { seen } of [paused, ...pausers])
        await until(() => (Math.max(...seen.keys()) > from + 10 ? undefined : "not caught up"));
      // Who never reads is closed, and named.
      await until(async () =>
        (await metric("gateway_disconnects_total", 'reason="slow"')) >= before.slow + each ? undefined : "still open",
      );
      expect(performance.now() - before.at).toBeLessThan(SLOW_CLOSE_MS + 3 * STALE_MS + 5000);
      // The trickle is late, not ever later: it is brought up to date again and again.
      await Promise.all(
        trickles.map(({ seen }) =>
          until(() => (Math.max(...seen.keys()) > from ? undefined : "a trickle is not brought up to date"), 20_000),
        ),
      );
      for (const { seen } of [paused, ...pausers, ...trickles]) {
        let compared = 0;
        for (const [tick, hash] of seen)
          if (good.seen.has(tick)) {
            expect(hash, `tick ${tick}`).toBe(good.seen.get(tick));
            compared++;
          }
        expect(compared).toBeGreaterThan(10);
        expect(seen.size).toBeLessThan(good.seen.size);
      }
      expect(good.match.framesSkipped).toBe(0);
      expect(good.seen.size).toBeGreaterThanOrEqual(Math.max(...good.seen.keys()) - Math.min(...good.seen.keys()) + 1);
      for (const { realtime } of [good, paused, ...all]) realtime.close();
    },
  );

  it("are told apart by how they go: a close frame, a cut, a reset", async () => {
    const ended = async (): Promise<number[]> =>
      Promise.all(["client", "cut", "reset"].map((how) => metric("gateway_sockets_ended_total", `how="${how}"`)));
    const { realtime } = await open({});
    await realtime.ready();
    const before = await ended();
    realtime.close();
    await until(async () => ((await ended())[0] === (before[0] as number) + 1 ? undefined : "not counted"));
  });
});
