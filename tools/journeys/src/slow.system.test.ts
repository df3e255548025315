// Clients that cannot keep up, on real sockets: they may miss ticks, never diverge, never make the gateway grow, and the
// others notice nothing.
import { type Game, list, uint } from "@muster/game-kit";
import { type PlayingMatch, Realtime } from "@muster/client";
import { describeWithServers, until } from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type BadLink, type LinkQuality, openBadLink } from "./bad-link.ts";
import { guest } from "./players.ts";
import { type System, startSystem } from "./system.ts";

const cells = { cells: list(12_000, { v: uint(16) }) };
const nothing = { unused: uint(1) };
/** A megabyte a second: what is not read fills the kernel's buffers within seconds. */
const flood: Game<typeof cells, typeof nothing> = {
  id: "flood",
  buildId: "flood-1",
  tickRate: 30,
  seatsMin: 4,
  seatsMax: 4,
  state: cells,
  input: nothing,
  inputMode: "held",
  options: {},
  init() {},
  step(s, _, { random }) {
    for (const cell of s.cells) cell.v = random.below(65_536);
  },
  result: () => undefined,
  forfeit: (_, left) => ({ seats: left.map((gone) => ({ score: 0, rank: gone ? 2 : 1 })) }),
};

const PAUSE_MS = 20_000;
const SLOW_CLOSE_MS = 26_000;
const SEND_BUFFER_BYTES_MAX = 512 * 1024;

interface Reader {
  readonly link: BadLink;
  readonly match: PlayingMatch<typeof cells, typeof nothing>;
  readonly realtime: Realtime;
  /** By tick, what it held. */
  readonly seen: Map<number, string>;
}

describeWithServers("clients that cannot keep up", () => {
  let system: System;
  const links: BadLink[] = [];
  beforeAll(async () => {
    system = await startSystem({
      nginx: false,
      games: new Map([["flood", flood as unknown as Game]]),
      env: {
        MATCHMAKER_MODES: JSON.stringify({
          flood: { game: "flood", seats: 4, options: {} },
        }),
        GATEWAY_SEND_BUFFER_BYTES_MAX: String(SEND_BUFFER_BYTES_MAX),
        GATEWAY_SLOW_CLOSE_MS: String(SLOW_CLOSE_MS),
        GATEWAY_IDLE_TIMEOUT_S: "120",
        SHARD_STEP_BUDGET_MS: "5000",
        SHARD_JOIN_WITHIN_MS: "20000",
      },
    });
  });
  afterAll(async () => {
    for (const link of links) await link.close();
    await system[Symbol.asyncDispose]();
  });

  const matchOfFour = async (qualities: readonly LinkQuality[]): Promise<Reader[]> =>
    Promise.all(
      qualities.map(async (quality) => {
        const { client } = await guest(system.url);
        const link = await openBadLink(system.gatewayUrls[0] as string, quality, () => 1);
        links.push(link);
        const realtime = new Realtime(link.url, () => client.accessToken(), {});
        const match = await realtime.join(await realtime.queue("flood"), flood);
        const reader: Reader = { link, match, realtime, seen: new Map() };
        match.onSnapshot(({ tick }) => {
          reader.seen.set(tick, match.stateHash);
        });
        return reader;
      }),
    );

  const gauge = async (name: string): Promise<number> => {
    const text = await (await fetch(`http://127.0.0.1:${system.env["GATEWAY_ADMIN_PORT"]}/metrics`)).text();
    return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? ([\\d.]+)$`, "m").exec(text)?.[1] ?? 0);
  };

  it("skip, then hold the server's very state again: throttled to a trickle, or paused for 20 s; one that never reads is closed", {
    timeout: 120_000,
  }, async () => {
    const [good, trickle, paused, never] = (await matchOfFour([{}, {}, {}, {}])) as [Reader, Reader, Reader, Reader];
    await until(() => (never.seen.size > 10 && good.seen.size > 10 ? undefined : "not all play"), 30_000);
    const startedAt = performance.now();
    trickle.link.quality.bytesPerS = 100_000;
    paused.link.quality.paused = true;
    never.link.quality.paused = true;
    let bufferedMax = 0;
    while (performance.now() - startedAt < PAUSE_MS) {
      bufferedMax = Math.max(bufferedMax, await gauge("gateway_buffered_bytes"));
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    const skippedBefore = await gauge("gateway_snapshots_skipped_total");
    expect(skippedBefore).toBeGreaterThan(500);
    // The kernel's buffers were full: something waited in the gateway. A frame or two per socket, not what was left out.
    expect(bufferedMax).toBeGreaterThan(0);
    expect(bufferedMax).toBeLessThan(3 * SEND_BUFFER_BYTES_MAX);
    paused.link.quality.paused = false;
    delete trickle.link.quality.bytesPerS;
    // Each of them catches up with the good one, tick by tick the same.
    const from = Math.max(...good.seen.keys());
    for (const slow of [trickle, paused])
      await until(
        () => ([...slow.seen.keys()].filter((tick) => tick > from).length > 30 ? undefined : "not caught up"),
        30_000,
      );
    for (const slow of [trickle, paused]) {
      let compared = 0;
      for (const [tick, hash] of slow.seen)
        if (good.seen.has(tick)) {
          expect(hash, `tick ${tick}`).toBe(good.seen.get(tick));
          compared++;
        }
      expect(compared).toBeGreaterThan(40);
      expect(slow.seen.size).toBeLessThan(good.seen.size);
    }
    expect(good.match.framesSkipped).toBe(0);
    // Every tick of the match reached the good one.
    expect(good.seen.size).toBeGreaterThanOrEqual(Math.max(...good.seen.keys()) - Math.min(...good.seen.keys()) + 1);
    await until(
      () =>
        system.logs.gateway.find((line) => line["disconnect"] === "slow")
          ? undefined
          : "the one that never reads is there",
      30_000,
    );
    for (const { realtime } of [good, trickle, paused, never]) realtime.close();
  });
});
