// Seat-ticket and link keys are changed by three rolling restarts, as runbooks/key-rotation.md says, under a match that is being played.
import { randomBytes } from "node:crypto";
import type { App } from "@muster/runtime";
import * as shard from "@muster/shard/testing";
import { describeWithServers, LogLines, until } from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { playing } from "./players.ts";
import { startSystem, type System } from "./system.ts";

describeWithServers("a change of seat-ticket and link keys", () => {
  let system: System;
  let second: App;
  const secondLog = new LogLines();
  const startSecond = async (): Promise<void> => {
    const own = { SHARD_LINK_PORT: "0", SHARD_ADMIN_PORT: "0", SHARD_LINK_ADDRESS: "auto" };
    second = shard.service.createApp(shard.readConfig({ ...system.env, ...own }), { log: secondLog.logger("shard") });
    await second.start();
  };
  const isLinked = (log: LogLines, times: number): Promise<void> =>
    until(() => (log.withMessage("gateway linked").length >= times ? undefined : "no gateway is linked"));

  beforeAll(async () => {
    system = await startSystem({ env: { SHARD_DRAIN_WITHIN_MS: "3000" } });
    await startSecond();
    await isLinked(secondLog, 1);
  });
  afterAll(async () => {
    await second.stop();
    await system[Symbol.asyncDispose]();
  });

  /** In the order of the runbook, each when the one before has its matches. */
  async function rollOut(keys: Readonly<Record<string, string>>, goesOn: () => Promise<void>): Promise<void> {
    Object.assign(system.env, keys); // what each process reads at its start
    const linked = [system.logs.shard, secondLog].map((log) => log.withMessage("gateway linked").length);
    await system.stop("shard");
    await system.start("shard");
    await isLinked(system.logs.shard, (linked[0] as number) + 1);
    await goesOn();
    await second.stop();
    await startSecond();
    await isLinked(secondLog, (linked[1] as number) + 1);
    await goesOn();
    await system.stop("gateway");
    await system.start("gateway");
    await isLinked(system.logs.shard, (linked[0] as number) + 2);
    await isLinked(secondLog, (linked[1] as number) + 2);
    await goesOn();
    await system.stop("matchmaker");
    await system.start("matchmaker");
    await goesOn();
  }

  it("ends no match, and none that begins meanwhile fails", { timeout: 120_000 }, async () => {
    /** @returns what resolves once both players are shown more of it */
    const play = async (): Promise<() => Promise<void>> => {
      const { matches } = await playing(system, "duel");
      const shown = matches.map(() => 0);
      let over: unknown;
      for (const [i, match] of matches.entries()) {
        match.ended.then(
          (end) => (over ??= end),
          (err: unknown) => (over ??= err),
        );
        match.onSnapshot(() => (shown[i] = (shown[i] as number) + 1));
      }
      return async () => {
        const before = [...shown];
        const all = (): boolean => shown.every((count, i) => count > (before[i] as number) + 10);
        await until(() => (all() ? undefined : `the match does not go on: ${JSON.stringify(over)}`), 15_000);
      };
    };
    const names = ["MATCHMAKER_SEAT_TICKET_KEY", "GATEWAY_SEAT_TICKET_KEY", "SHARD_SEAT_TICKET_KEY"];
    const links = ["GATEWAY_LINK_KEY", "SHARD_LINK_KEY"];
    const key = (): string => randomBytes(32).toString("hex");
    const [ticket, link] = [key(), key()];
    const old = { ...system.env };
    const step = (write: (before: string, after: string) => string): Record<string, string> =>
      Object.fromEntries(
        [...names, ...links].map((name) => [name, write(old[name] as string, names.includes(name) ? ticket : link)]),
      );
    const before = await play();
    await rollOut(
      step((one, other) => `${one},${other}`),
      before,
    );
    const between = await play();
    await rollOut(
      step((one, other) => `${other},${one}`),
      async () => void (await Promise.all([before(), between()])),
    );
    // What began until here has seat tickets of the old key: the last step comes when these have ended.
    const after = await play();
    await rollOut(
      step((_, alone) => alone),
      after,
    );
    expect(system.env["SHARD_LINK_KEY"]).toBe(link);
    expect(system.logs.gateway.withMessage("the shard refuses this gateway's link")).toEqual([]);
  });
});
