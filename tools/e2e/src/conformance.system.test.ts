// A client in another language, which uses nothing of ours but contracts/, plays on a live system: tools/conformance.
import { describeWithServers } from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { hasPython, python } from "./python.ts";
import { startSystem, type System } from "./system.ts";

describeWithServers("a client written from the contract", () => {
  let system: System;
  beforeAll(async () => {
    const MATCHMAKER_MODES = JSON.stringify({
      duel: { game: "duel", seats: 2, options: { rounds: 1, roundTicks: 150 } },
    });
    system = await startSystem({ env: { MATCHMAKER_MODES, GATEWAY_SPECTATOR_DELAY_MS: "400" } });
  });
  afterAll(async () => {
    await system[Symbol.asyncDispose]();
  });

  it.skipIf(!hasPython)(
    "logs in, talks, queues, plays a duel to the very hash of its end, comes back in the midst of it, watches, and is refused as the tables say",
    async () => {
      const { status, lines, stderr } = await python("play.py", system.url, "duel");
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      expect(lines.map(({ seen }) => seen)).toEqual([
        "chat",
        "joined",
        "resumed",
        "ended",
        "history",
        "refusals",
        "walk",
      ]);
      expect(lines[3]).toMatchObject({ ticks: 150, reason: "played" });
    },
  );

  it.skipIf(!hasPython)("chats over REST and the realtime connection as the contract says, page by page", async () => {
    const { status, lines, stderr } = await python("chat.py", system.url);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(lines.map(({ seen }) => seen)).toEqual([
      "pages",
      "read marks",
      "channel pages",
      "changes",
      "blocks",
      "refusals",
    ]);
  });
});
