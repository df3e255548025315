import { createLogger } from "@muster/log";
import { until } from "@muster/testkit";
import { Registry } from "prom-client";
import { expect, it } from "vitest";
import { HeldSeats } from "../placement/held-seats.ts";
import { createMatching } from "./matching-loop.ts";
import { createMatchmakerMetrics } from "../metrics.ts";
import { PeerSessions } from "../placement/peer-sessions.ts";
import { Shards } from "../placement/shards.ts";
import { Tickets } from "./tickets.ts";

it("a placement that throws is counted like any that failed, once, and its players wait on", async () => {
  const log = createLogger("test", "silent");
  const modes = { solo: { game: "duel", seats: 1, options: {} } };
  const [shards, sessions] = [new Shards(), new PeerSessions()];
  const info = { shardId: "s", address: "s:1", capacity: 10, region: "", renewsLeases: true, tellsBegun: true };
  shards.add({ ...info, builds: new Map(), descriptions: new Map() }, 0);
  const rules = { windowPoints: 100, windowPointsPerS: 50, regionPoints: 250 };
  const tickets = new Tickets({ modes, rules, queueMax: 10, log });
  const metrics = createMatchmakerMetrics(new Registry(), ["solo"], {
    tickets,
    sessions,
    seats: new HeldSeats(),
    paused: { count: () => 0 },
  });
  const refusing = new Error("nobody may begin");
  const admission = {
    mayBegin: (): boolean => {
      throw refusing;
    },
    notBegun: () => undefined,
    begun: () => true,
  };
  const matching = createMatching(
    {
      modes,
      tickets,
      shards,
      sessions,
      records: { create: async () => true, cancel: () => undefined },
      admission,
      allocateTimeoutMs: 1000,
      practiceShare: 1,
      paused: { look: () => undefined, isPaused: () => false },
      now: () => 0,
      log,
    },
    metrics,
    log,
  );
  const names = { playerId: "p", playerName: "p", gatewayId: "g", region: "", traceparent: "" };
  tickets.add({ ticketId: "t", mode: "solo", rating: 1500, since: 0, ...names });
  matching.wake();
  const counted = async (): Promise<unknown> => (await metrics.placements.get()).values;
  await until(async () => (JSON.stringify(await counted()) === "[]" ? "nothing is counted yet" : undefined));
  await matching.stop?.();
  expect(await counted()).toMatchObject([{ value: 1, labels: { outcome: "failed" } }]);
  expect(tickets.waiting("solo")).toBe(1);
});
