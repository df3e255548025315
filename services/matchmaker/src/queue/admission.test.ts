import { create } from "@bufbuild/protobuf";
import { SeatsFreedSchema, TicketSchema } from "@muster/contracts/matchmaking/v2";
import { createLogger } from "@muster/log";
import { createMetrics } from "@muster/runtime";
import { SeatTicketSealer } from "@muster/tokens";
import { v7 as uuidv7 } from "uuid";
import { expect, it } from "vitest";
import { Admission } from "./admission.ts";
import { HeldSeats } from "../placement/held-seats.ts";
import { createMatchmakerMetrics } from "../metrics.ts";
import { ADDRESS_FREE_MAX, APART_MS, COOLDOWN_FIRST_MS } from "./no-shows.ts";
import { PracticeQuotas } from "./practice-quotas.ts";
import { PeerSessions } from "../placement/peer-sessions.ts";
import { Shards } from "../placement/shards.ts";
import { Tickets } from "./tickets.ts";

const DUEL = { game: "duel", seats: 2, options: {} };
const MODES = { duel: DUEL, trio: { ...DUEL, seats: 3 } };
const RULES = { windowPoints: 100, windowPointsPerS: 50, regionPoints: 250 };

/** Admission with all that it decides by, one shard, and time that stands still. */
function harness() {
  const log = createLogger("test", "silent");
  const [sessions, seats] = [new PeerSessions(), new HeldSeats()];
  sessions.openGateway("g", false);
  const info = { shardId: "s", address: "s:1", capacity: 10, region: "", renewsLeases: true, tellsBegun: true };
  const shard = sessions.openShard(new Shards().add({ ...info, builds: new Map(), descriptions: new Map() }, 0));
  const tickets = new Tickets({ modes: MODES, rules: RULES, queueMax: 100, log });
  const clock = { now: 1_000_000 };
  const admission = new Admission({
    modes: MODES,
    tickets,
    seats,
    practice: new PracticeQuotas(),
    sessions,
    sealer: new SeatTicketSealer("00".repeat(32)),
    seatTicketTtlS: 60,
    joinWithinMs: 1000,
    metrics: createMatchmakerMetrics(createMetrics("test"), Object.keys(MODES), {
      tickets,
      sessions,
      seats,
      paused: { count: () => 0 },
    }),
    wakeMatching: () => undefined,
    now: () => clock.now,
    log,
  });
  const queue = (playerId: string, address = playerId, mode = "duel") => {
    const ticketId = uuidv7();
    const message = {
      ticketId,
      playerId,
      playerName: playerId,
      mode,
      rating: 1500,
      mu: 0,
      sigma: 0,
      region: "",
      address,
    };
    admission.enqueue(create(TicketSchema, message), "g");
    return tickets.ofPlayer(playerId);
  };
  return {
    clock,
    /** Whether the player may queue; it does not wait on. */
    mayQueue(playerId: string, address?: string): boolean {
      const ticket = queue(playerId, address);
      if (ticket) tickets.remove(ticket.ticketId);
      return ticket !== undefined;
    },
    queue,
    /** A match of these, each at an address: told, and not begun yet. */
    match(players: Readonly<Record<string, string>>, mode = "duel"): string {
      const all = Object.entries(players).map(([playerId, address]) => queue(playerId, address, mode));
      const matchId = uuidv7();
      const names = Object.keys(players).map((playerId, seat) => ({ seat, playerId, playerName: playerId, bot: "" }));
      const where = { epoch: 1, mode, gameId: "duel", shardId: "s", shardAddress: "s:1", traceparent: "", begun: true };
      admission.begun({ ...where, matchId, seats: names, tickets: all.map((ticket) => ticket!) }, true);
      return matchId;
    },
    freed: (matchId: string, what: Parameters<typeof create<typeof SeatsFreedSchema>>[1]) =>
      admission.freed(create(SeatsFreedSchema, { matchId, ...what }), shard),
  };
}

it("who leaves others at once waits like one who did not come, longer each time; who stayed goes on with its wait", () => {
  const { clock, match, mayQueue, queue, freed } = harness();
  const begunAt = clock.now;
  for (const [times, other] of ["b", "c", "d"].entries()) {
    const matchId = match({ a: "1", [other]: "2" });
    freed(matchId, { over: true, played: true, leftEarly: [0] });
    expect(mayQueue("a")).toBe(false);
    expect(queue(other)?.since).toBe(times === 0 ? begunAt : clock.now);
    clock.now += COOLDOWN_FIRST_MS * 2 ** times - 1;
    expect(mayQueue("a")).toBe(false);
    clock.now += 1;
  }
  expect(queue("a")?.apartUntil).toBe(clock.now + APART_MS);
});

it("two who leave each other in turn win nothing back by it", () => {
  const { clock, match, mayQueue, freed } = harness();
  for (let i = 0; i < 3; i++) {
    freed(match({ a: "1", b: "2" }), { over: true, played: true, leftEarly: [i % 2] });
    clock.now += 3 * COOLDOWN_FIRST_MS;
  }
  freed(match({ a: "1", c: "3" }), { over: true, played: true, leftEarly: [0] });
  clock.now += 2 * COOLDOWN_FIRST_MS;
  expect(mayQueue("a")).toBe(false); // the third time
});

it("leaving at once is told once, when the others play on, and when all is over", () => {
  const { clock, match, mayQueue, freed } = harness();
  const matchId = match({ a: "1", b: "2", c: "3" }, "trio");
  freed(matchId, { seats: [0], leftEarly: [0] });
  expect(mayQueue("a")).toBe(false);
  clock.now += COOLDOWN_FIRST_MS;
  expect(mayQueue("a")).toBe(true);
  freed(matchId, { over: true, played: true, leftEarly: [0] });
  expect(["a", "b", "c"].map((playerId) => mayQueue(playerId))).toEqual([true, true, true]);
});

it("a match that all left at once, or that nobody came to, says nothing of anyone", () => {
  const { match, mayQueue, freed } = harness();
  freed(match({ a: "1", b: "2" }), { over: true, played: true, leftEarly: [0, 1] });
  freed(match({ c: "1", d: "2" }), { over: true, noShows: [0, 1] });
  expect(["a", "b", "c", "d"].map((playerId) => mayQueue(playerId))).toEqual([true, true, true, true]);
});

it.each(["noShows", "leftEarly"] as const)("%s among neighbours alone are not held against their address", (kind) => {
  const { match, mayQueue, freed } = harness();
  for (let i = 0; i < 2 * ADDRESS_FREE_MAX; i++)
    freed(match({ [`away ${i}`]: "home", [`here ${i}`]: "home" }), { over: true, [kind]: [0] });
  expect([mayQueue("away 0", "home"), mayQueue("newcomer", "home")]).toEqual([false, true]);
  // They are if a player of another address waits with them.
  for (let i = 0; i <= ADDRESS_FREE_MAX; i++) {
    expect(mayQueue("newcomer", "home")).toBe(true);
    freed(match({ [`off ${i}`]: "home", [`on ${i}`]: "elsewhere" }), { over: true, [kind]: [0] });
  }
  expect([mayQueue("newcomer", "home"), mayQueue("newcomer", "elsewhere")]).toEqual([false, true]);
});
