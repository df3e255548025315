import { createLogger } from "@muster/log";
import type { Mode } from "@muster/modes";
import { expect, it } from "vitest";
import { type LiveShard, Shards } from "../placement/shards.ts";
import { PausedQueues } from "./paused-queues.ts";
import { Tickets } from "./tickets.ts";

const MODES: Readonly<Record<string, Mode>> = {
  duel: { game: "duel", seats: 2, options: {} },
  practice: { game: "duel", seats: 2, options: {}, bots: { bot: "ace", afterS: 0 } },
  four: { game: "four", seats: 2, options: {} },
};

function harness() {
  const shards = new Shards();
  const changes: string[] = [];
  const paused = new PausedQueues({
    modes: MODES,
    shards,
    practiceShare: 0.5,
    onChange: (list) => changes.push(list.map(({ mode, reason }) => `${mode} ${reason}`).join(", ")),
  });
  const add = (shardId: string, games: readonly string[]): LiveShard =>
    shards.add(
      {
        shardId,
        address: `${shardId}:1`,
        capacity: 4,
        region: "",
        renewsLeases: true,
        tellsBegun: true,
        builds: new Map(games.map((game) => [game, "1"])),
        descriptions: new Map(),
      },
      0,
    );
  return { paused, changes, add };
}

it("a queue is paused at once when no shard takes its matches, told of after a second, and open again at once", () => {
  const { paused, changes, add } = harness();
  const [one, other] = [add("one", ["duel", "four"]), add("other", ["duel"])];
  paused.look(0);
  expect(Object.keys(MODES).filter((mode) => paused.isPaused(mode))).toEqual([]);
  [one.matches, other.matches] = [4, 2];
  paused.look(0);
  expect(
    Object.keys(MODES).filter((mode) => paused.isPaused(mode)),
    "duel has room; practice may only use half of it",
  ).toEqual(["practice", "four"]);
  paused.look(999);
  expect(changes, "a second has not passed").toEqual([]);
  paused.look(1000);
  paused.look(1200);
  expect(changes).toEqual(["practice no_room, four no_room"]);
  one.matches = 3;
  paused.look(1400);
  expect(paused.isPaused("four")).toBe(false);
  expect(changes.at(-1)).toBe("practice no_room");
});

it("says whether shards are missing, full, or have too much to do", () => {
  const { paused, changes, add } = harness();
  const full = add("full", ["duel"]);
  full.matches = 4;
  const busy = add("busy", ["duel"]);
  busy.overloaded = true;
  const at = (now: number): string | undefined => (paused.look(now), paused.look(now + 1000), changes.at(-1));
  expect(at(0)).toBe("duel shards_busy, practice shards_busy, four no_shard");
  busy.draining = true;
  expect(at(2000)).toBe("duel no_room, practice no_room, four no_shard");
  full.draining = true;
  expect(at(4000)).toBe("duel no_shard, practice no_shard, four no_shard");
  expect(paused.count("no_shard")).toBe(3);
  busy.draining = busy.overloaded = false;
  expect(at(6000)).toBe("four no_shard");
  expect(paused.list).toEqual([{ mode: "four", reason: "no_shard" }]);
});

it("leaves the tickets of a paused queue where they are, and takes those of the others", () => {
  const modes = { full: { game: "duel", seats: 1, options: {} }, free: { game: "four", seats: 1, options: {} } };
  const rules = { windowPoints: 100, windowPointsPerS: 50, regionPoints: 250 };
  const tickets = new Tickets({ modes, rules, queueMax: 10, log: createLogger("test", "silent") });
  const ticket = { playerName: "p", gatewayId: "g", region: "", traceparent: "", rating: 1500, since: 0 };
  for (const mode of ["full", "free"]) tickets.add({ ...ticket, mode, ticketId: mode, playerId: mode });
  const take = (isPaused: (mode: string) => boolean): string[] =>
    tickets.takeGroups(1000, 10, () => true, isPaused).map(([one]) => one?.mode ?? "");
  expect(take((mode) => mode === "full")).toEqual(["free"]);
  expect(take(() => true)).toEqual([]);
  expect(take(() => false)).toEqual(["full"]);
});
