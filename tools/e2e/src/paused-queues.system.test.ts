// While no shard takes another match, nobody is paired, everybody is told why, and nobody has to queue again.
import type { FoundMatch } from "@muster/client";
import { duel } from "@muster/game-duel";
import { describeWithServers, until } from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { connected, type TestPlayer } from "./players.ts";
import { startSystem, type System } from "./system.ts";

describeWithServers("a queue whose matches no shard takes", () => {
  let system: System;
  const players: TestPlayer[] = [];
  beforeAll(async () => {
    system = await startSystem({ nginx: false, env: { SHARD_MATCHES_MAX: "1" } });
    for (let i = 0; i < 4; i++) players.push(await connected(system, { gateway: 0 }));
  });
  afterAll(async () => {
    for (const { realtime } of players) realtime.close();
    await system[Symbol.asyncDispose]();
  });

  const queueing = (two: readonly TestPlayer[]): { told: (string | undefined)[]; found: Promise<FoundMatch[]> } => {
    const told: (string | undefined)[] = [];
    const found = two.map(({ realtime }) => realtime.queue("duel", { onPaused: (reason) => told.push(reason) }));
    return { told, found: Promise.all(found) };
  };
  const join = async (two: readonly TestPlayer[], found: readonly FoundMatch[]): Promise<void> => {
    await Promise.all(two.map(({ realtime }, i) => realtime.join(found[i] as FoundMatch, duel)));
  };
  const metric = async (service: string, name: string): Promise<number> => {
    const port = system.env[`${service.toUpperCase()}_ADMIN_PORT`];
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    return Number(new RegExp(`^${name}[^ ]* (\\d+)$`, "m").exec(text)?.[1]);
  };
  const overload = async (): Promise<void> => {
    const busy = setInterval(() => {
      for (const end = performance.now() + 45; performance.now() < end; );
    }, 50);
    await until(async () => ((await metric("shard", "shard_overloaded")) === 1 ? undefined : "not overloaded"), 8000);
    clearInterval(busy);
  };

  it("tells them that it is full, and pairs them when a match has ended", async () => {
    const [one, two, three, four] = players as [TestPlayer, TestPlayer, TestPlayer, TestPlayer];
    const first = queueing([one, two]);
    const [match] = (await first.found) as [FoundMatch];
    await join([one, two], await first.found);
    const second = queueing([three, four]);
    await until(() => (second.told.length === 2 ? undefined : `told ${second.told}`), 3000);
    expect(second.told).toEqual(["no_room", "no_room"]);
    await Promise.all([one.realtime.leaveMatch(), two.realtime.leaveMatch()]);
    const [next] = (await second.found) as [FoundMatch];
    expect(next.matchId).not.toBe(match.matchId);
    expect(first.told, "who was paired at once").toEqual([]);
    await join([three, four], await second.found);
    await Promise.all([three.realtime.leaveMatch(), four.realtime.leaveMatch()]);
  });

  it("tells them that the shard has too much to do, or is away, and pairs them when it is back", async () => {
    await system.stop("shard");
    (system.env as Record<string, string>)["SHARD_BUSY_PERCENT_MAX"] = "70"; // only now: other tests keep the machine busy, too
    await system.start("shard");
    await until(() => metric("shard", "shard_overloaded").then(() => undefined, String)); // a connection from before is closed
    await overload();
    const [one, two] = players as [TestPlayer, TestPlayer];
    const { told, found } = queueing([one, two]);
    await until(() => (told.length === 2 ? undefined : `told ${told}`), 3000);
    expect(told).toEqual(["shards_busy", "shards_busy"]);
    await system.stop("shard");
    await until(() => (told.length === 4 ? undefined : `told ${told}`), 3000);
    expect(told.slice(2)).toEqual(["no_shard", "no_shard"]);
    await system.start("shard");
    expect(await found).toHaveLength(2);
  });
});
