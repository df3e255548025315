import { createLogger } from "@muster/log";
import { expect, it } from "vitest";
import { place, type PlacementOutcome, type PlacementParts } from "./placement.ts";
import { PeerSessions } from "./peer-sessions.ts";
import { Shards } from "./shards.ts";
import { Tickets } from "../queue/tickets.ts";

const MODES = {
  ranked: { game: "duel", seats: 1, options: {} },
  practice: { game: "duel", seats: 1, options: {}, practice: true },
  pairs: { game: "duel", seats: 2, options: {}, bots: { bot: "easy", afterS: 0 }, teams: [1, 0] },
  bots: { game: "duel", seats: 2, options: {}, bots: { bot: "easy", afterS: 0 } },
};

/** One shard with room for ten, which accepts whatever it is offered. */
function harness(created: unknown[] = []): (mode: keyof typeof MODES) => Promise<PlacementOutcome> {
  const log = createLogger("test", "silent");
  const [shards, sessions] = [new Shards(), new PeerSessions()];
  const builds = new Map([["duel", "1"]]);
  const info = {
    shardId: "s",
    address: "s:1",
    capacity: 10,
    region: "",
    renewsLeases: true,
    tellsBegun: true,
    builds,
    descriptions: new Map(),
  };
  const session = sessions.openShard(shards.add(info, 0));
  const rules = { windowPoints: 100, windowPointsPerS: 50, regionPoints: 250 };
  const tickets = new Tickets({ modes: MODES, rules, queueMax: 100, log });
  const parts: PlacementParts = {
    modes: MODES,
    tickets,
    shards,
    sessions,
    records: { create: async ({ seats }) => created.push(seats) > 0, cancel: () => undefined },
    admission: { mayBegin: () => true, notBegun: () => undefined, begun: () => true },
    allocateTimeoutMs: 1000,
    practiceShare: 0.7,
    now: () => 0,
    log,
  };
  let count = 0;
  return async (mode) => {
    const id = `${mode} ${count++}`;
    const names = { ticketId: id, playerId: id, playerName: id, gatewayId: "g", region: "", traceparent: "" };
    const ticket = { ...names, mode, rating: 1500, since: 0 };
    tickets.add(ticket);
    const outcome = place([ticket], parts);
    for (const answer of session.awaiting.values()) answer({ accepted: true, reason: "" });
    return outcome;
  };
}

it("practice takes its share of a shard, and what is left is for the other modes", async () => {
  const placeOne = harness();
  const placed = { practice: 0, ranked: 0 };
  for (let i = 0; i < 12; i++) if ((await placeOne(i % 2 ? "bots" : "practice")) === "placed") placed.practice++;
  for (let i = 0; i < 12; i++) if ((await placeOne("ranked")) === "placed") placed.ranked++;
  expect(placed).toEqual({ practice: 7, ranked: 3 });
});

it("what the other modes take counts against the share of practice", async () => {
  const placeOne = harness();
  for (let i = 0; i < 7; i++) expect(await placeOne("ranked")).toBe("placed");
  expect(await placeOne("practice")).toBe("no shard");
  expect(await placeOne("ranked")).toBe("placed");
});

it("records the team of each seat, where the mode has teams", async () => {
  const created: unknown[] = [];
  const placeOne = harness(created);
  expect([await placeOne("pairs"), await placeOne("ranked")]).toEqual(["placed", "placed"]);
  expect(created).toMatchObject([
    [
      { seat: 0, team: 1 },
      { seat: 1, team: 0 },
    ],
    [{ seat: 0 }],
  ]);
  expect((created[1] as object[])[0]).not.toHaveProperty("team");
});
