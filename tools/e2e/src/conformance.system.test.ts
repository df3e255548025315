// A client in another language, which uses nothing of ours but contracts/, plays on a live system: tools/conformance.
import { describeWithServers, until } from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { hasPython, python } from "./python.ts";
import { guest, pilot, playing } from "./players.ts";
import { rateDuels } from "./rated.ts";
import { deliverEnded } from "./replayed.ts";
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

  it.skipIf(!hasPython)(
    "reads leaderboards, ranks, ratings and histories as the contract says, page by page",
    async () => {
      const players = await Promise.all([1, 2, 3, 4, 5].map(async () => (await guest(system.url)).player.playerId));
      const pairs = players.flatMap((one, i) => players.slice(i + 1).map((other) => [one, other]));
      await rateDuels(system, "rated", pairs);
      const { status, lines, stderr } = await python("ratings.py", system.url, "rated");
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      expect(lines).toEqual([
        { seen: "seasons", current: 1 },
        { seen: "leaderboard", players: 5 },
        { seen: "player", rank: 3, points: 4 },
        { seen: "refusals" },
      ]);
    },
  );

  it.skipIf(!hasPython)("reads a replay, its file and parts of it as the contract says", async () => {
    const { players, matches, found } = await playing(system, "duel");
    for (const match of matches) pilot(match);
    await Promise.all(matches.map((match) => match.ended));
    const { matchId } = found[0];
    await deliverEnded(system, matchId);
    await until(async () => ((await players[0].client.replays.of(matchId)).verdict ? undefined : "no verdict"), 60_000);
    const { status, lines, stderr } = await python("replays.py", system.url, matchId, players[0].player.playerId);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(lines).toEqual([
      { seen: "replay", reason: "same_result" },
      { seen: "file", ticks: 150 },
      { seen: "ranges" },
      { seen: "refusals" },
    ]);
  });
});
