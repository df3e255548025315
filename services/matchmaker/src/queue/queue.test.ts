import { Random } from "@muster/game-kit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Queue, type QueueRules } from "./queue.ts";
import { winChance } from "./strength.ts";
import type { WaitingTicket } from "./waiting-ticket.ts";
import { Tickets } from "./tickets.ts";
import { createLogger } from "@muster/log";

const RULES: QueueRules = { seats: 2, windowPoints: 100, windowPointsPerS: 50, regionPoints: 250 };

function ticket(id: string, rating: number, more: Partial<WaitingTicket> = {}): WaitingTicket {
  return {
    ticketId: id,
    playerId: `player of ${id}`,
    playerName: id,
    gatewayId: "g",
    mode: "duel",
    rating,
    region: "",
    since: 0,
    traceparent: "",
    ...more,
  };
}

function groupsOf(tickets: WaitingTicket[], now: number, rules = RULES): string[][] {
  const queue = new Queue(rules);
  for (const [i, one] of tickets.entries()) queue.add(one, i);
  return queue.group(now).map((group) => group.map((one) => one.ticketId));
}

describe("the queue", () => {
  it("pairs the closest", () => {
    expect(groupsOf([ticket("a", 1500), ticket("b", 1590), ticket("c", 1510), ticket("d", 1600)], 0)).toEqual([
      ["a", "c"],
      ["b", "d"],
    ]);
  });

  it("does not pair those too far apart, until waiting has widened what both accept", () => {
    const far = [ticket("a", 1500), ticket("b", 1800)];
    expect(groupsOf(far, 3900)).toEqual([]);
    expect(groupsOf(far, 4000)).toEqual([["a", "b"]]);
    // The window of a newcomer counts too: it is not made to play whoever waited long.
    expect(groupsOf([ticket("a", 1500), ticket("b", 1800, { since: 3900 })], 4000)).toEqual([]);
  });

  it("pairs newcomers over a wider range than those of whom much is known: their chance is closer to a half", () => {
    const pair = (variance: number): WaitingTicket[] => [
      ticket("a", 1500, { variance }),
      ticket("b", 1700, { variance }),
    ];
    expect(groupsOf(pair((25 / 3) ** 2), 0)).toEqual([["a", "b"]]);
    expect(groupsOf(pair(1), 0)).toEqual([]);
    expect(groupsOf(pair(1), 2000)).toEqual([["a", "b"]]);
  });

  it("lets the one who waits longest choose first", () => {
    expect(
      groupsOf(
        [ticket("new", 1505, { since: 900 }), ticket("old", 1520, { since: 0 }), ticket("mid", 1500, { since: 500 })],
        1000,
      ),
    ).toEqual([["old", "new"]]);
  });

  it("pairs within a region first, across regions after a while, and an unknown region with any", () => {
    const here = ticket("a", 1500, { region: "eu" });
    expect(groupsOf([here, ticket("b", 1500, { region: "us" }), ticket("c", 1590, { region: "eu" })], 0)).toEqual([
      ["a", "c"],
    ]);
    expect(groupsOf([here, ticket("b", 1500, { region: "us" })], 0)).toEqual([]);
    expect(groupsOf([here, ticket("b", 1500, { region: "us" })], 3000)).toEqual([["a", "b"]]);
    expect(groupsOf([here, ticket("b", 1500)], 0)).toEqual([["a", "b"]]);
  });

  it("never pairs a player with itself", () => {
    expect(groupsOf([ticket("a", 1500, { playerId: "p" }), ticket("b", 1500, { playerId: "p" })], 60_000)).toEqual([]);
  });

  it("leaves a ticket alone that has the slot of one which is gone", () => {
    const queue = new Queue(RULES);
    const [gone, here] = [ticket("gone", 1500), ticket("here", 1500)];
    const slot = queue.add(gone, 0);
    expect(queue.remove(gone, slot)).toBe(true);
    expect(queue.add(here, 1)).toBe(slot);
    expect(queue.remove(gone, slot)).toBe(false);
    expect(queue.has(here, slot)).toBe(true);
    expect(queue.size).toBe(1);
  });

  it("makes groups of as many as the mode has seats", () => {
    const four = [1500, 1510, 1520, 1530, 1540].map((rating, i) => ticket(`t${i}`, rating));
    expect(groupsOf(four, 0, { ...RULES, seats: 4 }).map((group) => group.length)).toEqual([4]);
  });

  it("over thousands of random arrivals and departures: no ticket twice, none lost, none starves, all pairs accept each other", () => {
    const rng = new Random({ words: new Int32Array(1) }, 0);
    rng.seed(42);
    const queue = new Queue(RULES);
    const waiting = new Map<string, WaitingTicket>();
    const slots = new Map<WaitingTicket, number>();
    const matched = new Set<string>();
    let longest = 0;
    for (let now = 0, id = 0; now < 200_000; now += 100) {
      for (let i = rng.below(3); i > 0; i--, id++) {
        const one = ticket(`t${id}`, 500 + rng.below(2000), {
          since: now,
          region: ["", "eu", "us"][rng.below(3)] as string,
        });
        waiting.set(one.ticketId, one);
        slots.set(one, queue.add(one, id));
      }
      if (rng.below(10) === 0 && waiting.size > 0) {
        const [gone] = waiting.values() as Iterable<WaitingTicket> as [WaitingTicket];
        expect(queue.remove(gone, slots.get(gone) as number)).toBe(true);
        expect(queue.remove(gone, slots.get(gone) as number)).toBe(false);
        waiting.delete(gone.ticketId);
      }
      for (const [a, b] of queue.group(now) as [WaitingTicket, WaitingTicket][]) {
        for (const one of [a, b]) {
          expect(matched.has(one.ticketId)).toBe(false);
          expect(waiting.delete(one.ticketId)).toBe(true);
          matched.add(one.ticketId);
          longest = Math.max(longest, now - one.since);
        }
        const apart =
          Math.abs(a.rating - b.rating) + (a.region && b.region && a.region !== b.region ? RULES.regionPoints : 0);
        for (const one of [a, b])
          expect(apart).toBeLessThanOrEqual(RULES.windowPoints + (RULES.windowPointsPerS * (now - one.since)) / 1000);
      }
      expect(queue.size).toBe(waiting.size);
    }
    expect(matched.size).toBeGreaterThan(1500);
    expect(longest).toBeLessThan(40_000);
  });
});

describe("a pass in slices", () => {
  const arbitrary = fc.array(
    fc.record({
      rating: fc.integer({ min: 1000, max: 2000 }),
      since: fc.integer({ min: 0, max: 20_000 }),
      region: fc.constantFrom("", "eu", "us", "asia"),
    }),
    { maxLength: 60 },
  );
  const filled = (seats: number, all: readonly Pick<WaitingTicket, "rating" | "since" | "region">[]): Queue => {
    const queue = new Queue({ ...RULES, seats });
    for (const [i, { rating, ...more }] of all.entries()) queue.add(ticket(`t${i}`, rating, more), i);
    return queue;
  };
  const ids = (groups: readonly WaitingTicket[][]): string[][] =>
    groups.map((group) => group.map((one) => one.ticketId));

  it("makes the same groups as one in one piece, however small the slices", () => {
    fc.assert(
      fc.property(arbitrary, fc.constantFrom(2, 3, 5), fc.constantFrom(1, 2, 7), (all, seats, groupsMax) => {
        const whole = ids(filled(seats, all).group(20_000));
        const queue = filled(seats, all);
        const sliced: WaitingTicket[][] = [];
        let calls = 0;
        do sliced.push(...queue.group(20_000, groupsMax, () => false));
        while (queue.midPass && ++calls < 1000);
        expect(ids(sliced)).toEqual(whole);
        expect(queue.midPass).toBe(false);
      }),
    );
  });

  it("leaves nobody who could choose: after it, no ticket and those that it accepts and is accepted by would fill a match", () => {
    fc.assert(
      fc.property(arbitrary, fc.constantFrom(2, 3), (all, seats) => {
        const queue = filled(seats, all);
        const grouped = new Set(
          queue
            .group(20_000)
            .flat()
            .map((one) => one.ticketId),
        );
        const left = all.map((one, i) => ticket(`t${i}`, one.rating, one)).filter((one) => !grouped.has(one.ticketId));
        const window = (one: WaitingTicket): number => 100 + (50 * (20_000 - one.since)) / 1000;
        const apart = (a: WaitingTicket, b: WaitingTicket): number =>
          Math.abs(a.rating - b.rating) + (a.region && b.region && a.region !== b.region ? 250 : 0);
        for (const one of left) {
          const fit = left.filter(
            (other) => other !== one && apart(one, other) <= Math.min(window(one), window(other)),
          );
          expect(fit.length).toBeLessThan(seats - 1);
        }
      }),
    );
  });

  it("makes the groups that looking at all tickets for each choice would make", () => {
    const region = (a: WaitingTicket, b: WaitingTicket): number =>
      a.region && b.region && a.region !== b.region ? RULES.regionPoints : 0;
    const apart = (a: WaitingTicket, b: WaitingTicket): number => Math.abs(a.rating - b.rating) + region(a, b);
    /** What their chance is worth in points. Rounded: a difference that is exactly as large as the window is accepted, whatever the logarithm makes of it. */
    const uneven = (a: WaitingTicket, b: WaitingTicket): number => {
      const chance = winChance(a, b);
      return Math.round(Math.abs(400 * Math.log10(chance / (1 - chance))) * 1e6) / 1e6 + region(a, b);
    };
    const window = ({ since }: WaitingTicket): number =>
      RULES.windowPoints + (RULES.windowPointsPerS * (20_000 - since)) / 1000;
    const mayPlay = (a: WaitingTicket, b: WaitingTicket): boolean =>
      a.playerId !== b.playerId && !a.victims?.has(b.playerId) && !b.victims?.has(a.playerId);
    const withOthers = fc.uniqueArray(
      fc.record({
        rating: fc.integer({ min: 1000, max: 4000 }),
        since: fc.integer({ min: 0, max: 20_000 }),
        region: fc.constantFrom("", "eu", "us", "asia"),
        playerId: fc.constantFrom("p", "q", undefined),
        victims: fc.constantFrom(undefined, new Set(["q"])),
        variance: fc.constantFrom(undefined, 0.7, 3.1, 69.5),
      }),
      { maxLength: 300, size: "max", selector: ({ rating }) => rating }, // who is first among equally far ones of one side is not promised
    );
    fc.assert(
      fc.property(withOthers, fc.constantFrom(2, 3, 5), (all, seats) => {
        const tickets = all.map(({ rating, since, region, playerId = `p${rating}`, victims, variance }, i) =>
          ticket(`t${i}`, rating, {
            since,
            region,
            playerId,
            ...(victims && { victims }),
            ...(variance && { variance }),
          }),
        );
        const expected: WaitingTicket[][] = [];
        const waiting = new Set(tickets.toSorted((a, b) => a.since - b.since));
        for (const chooser of waiting) {
          const group = [chooser];
          const near = [...waiting].filter(
            (one) => one !== chooser && uneven(one, chooser) <= Math.min(window(one), window(chooser)),
          );
          for (const one of near.toSorted((a, b) => apart(a, chooser) - apart(b, chooser)))
            if (group.length < seats && group.every((other) => mayPlay(one, other))) group.push(one);
          if (group.length < seats) continue;
          for (const one of group) waiting.delete(one);
          expected.push(group);
        }
        const queue = new Queue({ ...RULES, seats, looksMax: Infinity }); // the search here does not give up
        for (const [i, one] of tickets.entries()) queue.add(one, i);
        expect(ids(queue.group(20_000))).toEqual(ids(expected));
        expect(queue.size).toBe(waiting.size);
      }),
      { endOnFailure: true }, // to shrink hundreds of tickets takes longer than a test may
    );
  });

  it("gives a choice up after as many tickets in vain as its rules say", () => {
    const waiting = [
      ticket("a", 1500, { since: -60_000 }),
      ...[1650, 1651, 1652, 1653].map((rating) => ticket(`new-${rating}`, rating, { playerId: "new" })), // accepts 100, and not itself
      ticket("far", 2000, { since: -60_000 }),
    ];
    expect(groupsOf(waiting, 0, { ...RULES, looksMax: 4 })).toEqual([]);
    expect(groupsOf(waiting, 0, { ...RULES, looksMax: 5 })).toEqual([["a", "far"]]);
  });

  it("sees who came and who left between two slices", () => {
    const queue = new Queue(RULES);
    const [, b] = ["a", "b", "c", "d"].map((id, since) => {
      const one = ticket(id, 1000 * (since + 1), { since });
      return { one, slot: queue.add(one, since) };
    });
    expect(queue.group(100, Infinity, () => false)).toEqual([]); // a has chosen, and found nobody
    expect(b && queue.remove(b.one, b.slot)).toBe(true);
    queue.add(ticket("e", 3010, { since: 50 }), 4);
    queue.add(ticket("f", 4010, { since: 0 }), 5);
    queue.add(ticket("before", 9000, { since: -1 }), 6); // its position is behind the pass
    expect(ids(queue.group(100))).toEqual([
      ["f", "d"],
      ["c", "e"],
    ]);
    expect(queue.size).toBe(2);
  });

  it("takes many regions for one position far away, not for many", () => {
    const queue = new Queue(RULES);
    for (let i = 0; i < 40; i++) queue.add(ticket(`t${i}`, 1500, { region: `region-${i}` }), i);
    queue.add(ticket("near", 1500, { region: "region-3" }), 40);
    expect(ids(queue.group(0))).toEqual([["t3", "near"]]);
    expect(queue.group(3000)).toHaveLength(19);
  });
});

describe("the tickets", () => {
  const modes = { duel: { game: "duel", seats: 2, options: {} } };
  const tickets = (queueMax = 100): Tickets =>
    new Tickets({ modes, rules: RULES, queueMax, log: createLogger("test", "silent") });

  it("are refused for an unknown mode and a full queue", () => {
    const few = tickets(1);
    expect(few.add(ticket("a", 1, { mode: "chess" }))).toEqual({ refused: "unknown_mode" });
    expect(few.add(ticket("b", 1))).toEqual({});
    expect(few.add(ticket("c", 1))).toEqual({ refused: "queue_full" });
  });

  it("are one per player, the newest, and the same ticket again changes nothing", () => {
    const all = tickets();
    const first = ticket("a", 1, { playerId: "p" });
    all.add(first);
    expect(all.add(first)).toEqual({});
    expect(all.add(ticket("b", 1, { playerId: "p" }))).toEqual({ replaced: first });
    expect(all.waiting("duel")).toBe(1);
  });

  it("are out of the queue while they are placed, and back with their wait when it fails, unless cancelled meanwhile", () => {
    const all = tickets();
    const [a, b] = [ticket("a", 1500), ticket("b", 1500)];
    all.add(a);
    all.add(b);
    const [group] = all.takeGroups(0);
    expect(all.waiting("duel")).toBe(0);
    expect(all.takeGroups(1000)).toEqual([]);
    all.remove("a");
    all.putBack(group as WaitingTicket[]);
    expect(all.waiting("duel")).toBe(1);
    expect(all.has(a)).toBe(false);
    expect(all.has(b)).toBe(true);
  });

  it("leave with their gateway", () => {
    const all = tickets();
    all.add(ticket("a", 1, { gatewayId: "x" }));
    all.add(ticket("b", 9000, { gatewayId: "y" }));
    all.removeOfGateway("x");
    expect(all.waiting("duel")).toBe(1);
  });

  it("of every mode get their turn, also beside one whose groups cannot be placed", () => {
    const two = { "duel-full": modes.duel, duel: modes.duel };
    const all = new Tickets({ modes: two, rules: RULES, queueMax: 1000, log: createLogger("test", "silent") });
    for (let i = 0; i < 200; i++) all.add(ticket(`full ${i}`, 1500, { mode: "duel-full" }));
    for (let i = 0; i < 4; i++) all.add(ticket(`other ${i}`, 1500));
    const placed: string[] = [];
    for (let slice = 0; slice < 20; slice++) {
      const groups = all.takeGroups(0, 32);
      placed.push(...groups.flat().flatMap(({ mode, ticketId }) => (mode === "duel" ? [ticketId] : [])));
      for (const group of groups) if (group[0]?.mode === "duel-full") all.putBack(group);
    }
    expect(placed).toHaveLength(4);
  });

  it("that are put back twice wait once, at the position that they had", () => {
    const all = tickets();
    for (const id of ["a", "b", "c", "d"]) all.add(ticket(id, 1500));
    const [first, second] = all.takeGroups(0) as [WaitingTicket[], WaitingTicket[]];
    for (const group of [second, first, first]) all.putBack(group);
    expect(all.waiting("duel")).toBe(4);
    expect(all.takeGroups(0)).toEqual([first, second]);
  });

  it("whose time apart is over all at once are moved in slices, like all work on a queue", () => {
    const all = tickets(1000);
    for (let i = 0; i < 100; i++)
      all.add(ticket(`apart ${i}`, 10_000 - 202 * i, { apartUntil: 30_000, since: 30_000 }));
    const one = ticket("one", -9999, { since: 30_000 });
    all.add(one);
    let slices = 1;
    while (all.takeGroups(30_000, Infinity, () => false).length === 0 && slices < 1000) slices++;
    expect(slices).toBeGreaterThan(100);
    expect(slices).toBeLessThan(250);
  });

  it("of who did not come are paired with each other, then with all but those who waited for them in vain", () => {
    const all = tickets();
    const ghost = { apartUntil: 30_000, victims: new Set(["player of victim"]) };
    const pairs = (now: number): string[][] =>
      all.takeGroups(now).map((group) => group.map(({ ticketId }) => ticketId).sort());
    all.add(ticket("ghost", 1500, ghost));
    all.add(ticket("victim", 1500));
    expect(pairs(0)).toEqual([]);
    expect(pairs(29_999)).toEqual([]);
    expect(pairs(30_000)).toEqual([]);
    all.add(ticket("other", 1500, { since: 30_000 }));
    all.remove("victim");
    expect(pairs(30_001)).toEqual([["ghost", "other"]]);
    all.add(ticket("one", 1500, ghost));
    all.add(ticket("two", 1500, { ...ghost, playerId: "p" }));
    all.add(ticket("honest", 1500));
    expect(pairs(0)).toEqual([["one", "two"]]);
  });
});
