import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { meetingWeight, updateRatings } from "./ratings.ts";

describe("ratings", () => {
  it("move by 16 points between equals, more for an upset, not at all for a draw of equals", () => {
    expect(
      updateRatings([
        { rating: 1500, rank: 1 },
        { rating: 1500, rank: 2 },
      ]),
    ).toEqual([1516, 1484]);
    expect(
      updateRatings([
        { rating: 1300, rank: 1 },
        { rating: 1700, rank: 2 },
      ]),
    ).toEqual([1329, 1671]);
    expect(
      updateRatings([
        { rating: 1500, rank: 1 },
        { rating: 1500, rank: 1 },
      ]),
    ).toEqual([1500, 1500]);
  });

  it("do not depend on the order of the seats", () => {
    const four = [
      { rating: 1400, rank: 2 },
      { rating: 1600, rank: 1 },
      { rating: 1500, rank: 4 },
      { rating: 1550, rank: 3 },
    ];
    expect(updateRatings(four.toReversed())).toEqual(updateRatings(four).toReversed());
  });

  it("never rise by who did not really play, nor for who did not; who left may lose", () => {
    const player = fc.record({
      rating: fc.integer({ min: 0, max: 3000 }),
      rank: fc.integer({ min: 1, max: 8 }),
      unplayed: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(player, { minLength: 2, maxLength: 8 }), (players) => {
        const after = updateRatings(players);
        const whoPlayed = players.filter(({ unplayed }) => !unplayed);
        const amongThem = updateRatings(whoPlayed);
        players.forEach((one, i) => {
          const change = (after[i] ?? one.rating) - one.rating;
          if (one.unplayed || whoPlayed.length < 2) expect(change).toBeLessThanOrEqual(0);
          else
            expect(change).toBeLessThanOrEqual(Math.max(0, (amongThem[whoPlayed.indexOf(one)] as number) - one.rating));
        });
      }),
    );
    const [stayed, left] = updateRatings([
      { rating: 1500, rank: 1 },
      { rating: 1500, rank: 2, unplayed: true },
    ]);
    expect([stayed, left]).toEqual([undefined, 1484]);
  });

  it("say nothing of equals who draw when one of them did not really play", () => {
    expect(
      updateRatings([
        { rating: 1500, rank: 1 },
        { rating: 1500, rank: 1, unplayed: true },
      ]),
    ).toEqual([undefined, undefined]);
  });

  it("move less and less between two who meet again and again: what they can give each other has an end", () => {
    let [farmer, friend] = [1500, 1500];
    const gains = Array.from({ length: 100 }, (_, met) => {
      const before = farmer;
      const players = [
        { rating: farmer, rank: 1 },
        { rating: friend, rank: 2 },
      ];
      [farmer, friend] = updateRatings(players, () => meetingWeight(met)) as [number, number];
      return farmer - before;
    });
    expect(gains).toEqual(gains.toSorted((a, b) => b - a));
    expect(gains.slice(0, 3)).toEqual([16, 15, 13]);
    expect(farmer).toBeLessThanOrEqual(1564);
  });
});
