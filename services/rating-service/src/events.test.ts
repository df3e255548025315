import { EVENTS, type EventOf } from "@muster/events";
import { expect, it } from "vitest";
import { resultOf } from "./events.ts";
import { foldResult } from "./fold.ts";
import { Meetings } from "./meetings.ts";

const NOW = new Date("2026-11-27T10:06:00Z");
const player = (n: number): string => `01a20ab1-0000-7000-8000-00000000000${n}`;

function ended(participants: EventOf<"match.ended">["data"]["participants"], region?: string): EventOf<"match.ended"> {
  const data = {
    matchId: "01a20ab1-1111-7000-8000-000000000001",
    mode: "pairs",
    gameId: "duel",
    buildId: "1",
    seed: 1,
    epoch: 1,
    createdAt: "2026-11-27T10:00:00.000Z",
    endedAt: "2026-11-27T10:05:00.000Z",
    reason: "played",
    ticks: 1,
    stateHash: "",
    participants,
  };
  return {
    id: "01a20ab1-2222-7000-8000-000000000001",
    type: "match.ended",
    source: "test",
    time: new Date(),
    traceparent: "",
    data,
    ...(region !== undefined && { region }),
  } as EventOf<"match.ended">;
}

it("reads teams, bots, unplayed seats and the region from the event", () => {
  const event = ended(
    [
      { seat: 0, playerId: player(0), score: 1, rank: 1, team: 0 },
      { seat: 1, playerId: player(1), score: 1, rank: 2, team: 1, unplayed: true },
      { seat: 2, playerId: player(2), score: 1, rank: 2, bot: "easy" },
    ],
    "eu",
  );
  expect(EVENTS["match.ended"]).toBeDefined();
  expect(resultOf(event, NOW)).toMatchObject({
    region: "eu",
    participants: [
      { playerId: player(0), rank: 1, team: 0 },
      { playerId: player(1), rank: 2, team: 1, unplayed: true },
      { playerId: player(2), rank: 2, bot: true },
    ],
  });
  expect(resultOf(ended([]), NOW).region).toBe("");
});

it("rates teams by it: who is in the better one wins with it, whatever its own rank", () => {
  const seats = [0, 1, 2, 3].map((seat) => ({
    seat,
    playerId: player(seat),
    score: 0,
    rank: 1 + seat,
    team: seat % 2,
  }));
  const seasons = [{ season: 1, name: "first", startsAtMs: 0 }];
  const points = foldResult(resultOf(ended(seats), NOW), new Map(), new Meetings(), seasons);
  const mus = new Map(points.map(({ playerId, after }) => [playerId, after.mu]));
  expect(mus.get(player(0))).toBeGreaterThan(25);
  expect(mus.get(player(2))).toBe(mus.get(player(0)));
  expect(mus.get(player(1))).toBeLessThan(25);
  expect(mus.get(player(3))).toBe(mus.get(player(1)));
});

it("refuses what no match can be", () => {
  const seats = [0, 1].map((seat) => ({ seat, playerId: player(seat), score: 0, rank: 1 }));
  const twice = seats.map((seat) => ({ ...seat, playerId: player(0) }));
  expect(() => resultOf(ended(twice), NOW)).toThrow("a player has two seats");
  expect(() => resultOf(ended(seats), new Date("2026-11-25T10:00:00Z"))).toThrow("more than a day from now");
});
