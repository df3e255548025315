// How soon a player is back in play once its line is: through a proxy that ends every connection, or that carries nothing and does
// not say so.
import { Realtime } from "@muster/client";
import { duel } from "@muster/game-duel";
import { describeWithServers, until } from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type BadLink, openBadLink } from "./bad-link.ts";
import { type DuelMatch, guest, pilot } from "./players.ts";
import { type System, startSystem } from "./system.ts";

const OUTAGE_MS = 3000;
/** The goal is 500, on a machine that has nothing else to do. */
const BACK_WITHIN_MS = 1000;

describeWithServers("a player whose line was away for three seconds", () => {
  let system: System;
  const links: BadLink[] = [];
  beforeAll(async () => {
    system = await startSystem({
      nginx: false,
      env: {
        MATCHMAKER_MODES: JSON.stringify({
          long: { game: "duel", seats: 2, options: { rounds: 9, roundTicks: 9000 } },
          short: { game: "duel", seats: 2, options: { rounds: 1, roundTicks: 75 } },
        }),
        SHARD_GRACE_MS: "20000",
        SHARD_JOIN_WITHIN_MS: "10000",
        GATEWAY_INPUTS_REFUSED_MAX: "5",
      },
    });
  });
  afterAll(async () => {
    for (const link of links) await link.close();
    await system[Symbol.asyncDispose]();
  });

  const player = async (mode = "long"): Promise<{ link: BadLink; realtime: Realtime; match: DuelMatch }> => {
    const { client } = await guest(system.url);
    const link = await openBadLink(system.gatewayUrls[0] as string, {}, () => 1);
    links.push(link);
    const realtime = new Realtime(link.url, () => client.accessToken(), {});
    return { link, realtime, match: await realtime.join(await realtime.queue(mode), duel) };
  };

  it.each([
    { note: "cut", away: (link: BadLink) => link.cut(), back: (link: BadLink) => link.mend() },
    {
      note: "dead, and nobody said so",
      away: (link: BadLink) => void (link.quality.dead = true),
      back: (link: BadLink) => void (link.quality.dead = false),
    },
  ])(
    "is back in play soon after it is back, and sends nothing that is over: $note",
    { timeout: 60_000 },
    async ({ note, away, back }) => {
      const [ann, bob] = await Promise.all([player(), player()]);
      pilot(bob.match);
      // As a game that names the tick: what it sent into the outage is over when the line is back.
      ann.match.onSnapshot(
        ({ tick }) => void ann.match.send({ left: true, right: false, thrust: true, fire: false }, tick + 2),
      );
      let typing = true;
      const blind = async (): Promise<void> => {
        for (; typing; await new Promise((resolve) => setTimeout(resolve, 33)))
          ann.match.send({ left: false, right: true, thrust: false, fire: true }, (ann.match.latest?.tick ?? 0) + 2);
      };
      const times: number[] = [];
      const closed: string[] = [];
      ann.realtime.onClosed((reason) => void closed.push(`${reason.code} ${reason.status}`));
      for (let round = 0; round < 2; round++) {
        await until(() => (ann.match.framesApplied > 30 * (round + 1) ? undefined : "not in play"));
        typing = true;
        away(ann.link);
        const blindly = blind();
        await new Promise((resolve) => setTimeout(resolve, OUTAGE_MS));
        const before = bob.match.latest?.tick ?? 0;
        back(ann.link);
        const from = performance.now();
        await until(() => ((ann.match.latest?.tick ?? 0) >= before ? undefined : `not back: ${closed.join()}`));
        times.push(Math.round(performance.now() - from));
        typing = false;
        await blindly;
      }
      console.log(`back in play after ${times.join(", ")} ms: ${note}`);
      expect(Math.min(...times)).toBeLessThan(BACK_WITHIN_MS);
      // Inputs count again, and none of those that were over was sent, or it did not count against the player.
      const at = ann.match.latest?.tick ?? 0;
      await until(() => ((ann.match.latest?.tick ?? 0) > at + 30 ? undefined : "not in play"));
      // Into a dead line one sends; what it brings when it comes to life counts against nobody.
      if (note === "cut") expect(ann.match.refusals.get("input_too_late") ?? 0).toBeLessThanOrEqual(3);
      for (const { realtime } of [ann, bob]) realtime.close();
    },
  );

  it("sees what the match came to that ended meanwhile, then hears the end", { timeout: 60_000 }, async () => {
    const [ann, bob] = await Promise.all([player("short"), player("short")]);
    for (const { match } of [ann, bob]) pilot(match);
    await until(() => ((ann.match.latest?.tick ?? 0) > 20 ? undefined : "not in play"));
    ann.link.cut();
    const end = await bob.match.ended;
    expect(ann.match.latest?.tick).toBeLessThan(75);
    // Its gateway has let go of it by then.
    const metrics = `http://127.0.0.1:${system.env["SHARD_ADMIN_PORT"]}/metrics`;
    await until(async () =>
      /^shard_results_pending\{[^}]*\} 0$/m.test(await (await fetch(metrics)).text()) ? undefined : "not stored",
    );
    ann.link.mend();
    expect(await ann.match.ended).toEqual(end);
    expect(end.kind === "ended" && [end.stateHash, end.stateHash]).toEqual([bob.match.stateHash, ann.match.stateHash]);
    for (const { realtime } of [ann, bob]) realtime.close();
  });
});
