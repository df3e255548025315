import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NEWCOMER, type RatedSeat, rateMatch, type Strength } from "./rate-match.ts";

const seat = (playerId: string, rank: number, more: Partial<RatedSeat> = {}): RatedSeat => ({
  playerId,
  rank,
  unplayed: false,
  ...NEWCOMER,
  ...more,
});

const strengths = fc.record({
  mu: fc.double({ min: 0, max: 50, noNaN: true }),
  sigma: fc.double({ min: 0.8, max: 25 / 3, noNaN: true }),
});
/** Up to eight seats, alone or in teams, some of them unplayed. */
const matches = fc
  .array(fc.record({ strength: strengths, team: fc.nat(3), rank: fc.nat(3), unplayed: fc.boolean() }), {
    minLength: 2,
    maxLength: 8,
  })
  .chain((all) =>
    fc
      .boolean()
      .map((inTeams) =>
        all.map(({ strength, team, rank, unplayed }, i) =>
          seat(`p${i}`, rank + 1, { ...strength, unplayed, ...(inTeams ? { team } : {}) }),
        ),
      ),
  );

describe("the numbers of openskill 5.0.1, to the last bit", () => {
  const golden: [string, RatedSeat[], Record<string, Strength>][] = [
    [
      "a win between newcomers",
      [seat("a", 1), seat("b", 2)],
      {
        a: { mu: 27.635389493140497, sigma: 8.06590141354368 },
        b: { mu: 22.364610506859503, sigma: 8.06590141354368 },
      },
    ],
    [
      "a draw between newcomers",
      [seat("a", 1), seat("b", 1)],
      { a: { mu: 25, sigma: 8.06590141354368 }, b: { mu: 25, sigma: 8.06590141354368 } },
    ],
    [
      "teams of two",
      [seat("a", 1, { team: 0 }), seat("b", 1, { team: 0 }), seat("c", 2, { team: 1 }), seat("d", 2, { team: 1 })],
      {
        a: { mu: 26.964294621803063, sigma: 8.177962604389991 },
        b: { mu: 26.964294621803063, sigma: 8.177962604389991 },
        c: { mu: 23.035705378196937, sigma: 8.177962604389991 },
        d: { mu: 23.035705378196937, sigma: 8.177962604389991 },
      },
    ],
    [
      "a free-for-all with a draw in it",
      [seat("a", 1), seat("b", 2, { mu: 30, sigma: 2 }), seat("c", 2), seat("d", 4)],
      {
        a: { mu: 28.185451260310185, sigma: 8.242955561825521 },
        b: { mu: 29.94932453305772, sigma: 2.00096422843472 },
        c: { mu: 24.880746264234347, sigma: 8.134252198670893 },
        d: { mu: 22.812147960533018, sigma: 8.134252198670893 },
      },
    ],
  ];
  it.each(golden)("%s", (_, seats, after) => {
    expect(Object.fromEntries(rateMatch(seats))).toEqual(after);
  });
});

describe("a match", () => {
  it("means the same whatever the order of its seats and the numbers of its teams, to the last bit", () => {
    fc.assert(
      fc.property(
        matches.chain((seats) => fc.tuple(fc.constant(seats), fc.shuffledSubarray(seats, { minLength: seats.length }))),
        ([seats, shuffled]) => {
          const renumbered = shuffled.map((one) => ({ ...one, ...(one.team !== undefined && { team: 9 - one.team }) }));
          expect(Object.fromEntries(rateMatch(renumbered))).toEqual(Object.fromEntries(rateMatch(seats)));
        },
      ),
    );
  });

  it("leaves numbers: σ never grows by more than τ, and never falls to nothing", () => {
    fc.assert(
      fc.property(matches, fc.double({ min: 0, max: 1, noNaN: true }), (seats, weight) => {
        for (const [playerId, { mu, sigma }] of rateMatch(seats, () => weight)) {
          const before = seats.find((one) => one.playerId === playerId) as RatedSeat;
          expect(Number.isFinite(mu)).toBe(true);
          expect(sigma).toBeGreaterThan(0);
          expect(sigma).toBeLessThanOrEqual(Math.hypot(before.sigma, 25 / 300) + 1e-12);
        }
      }),
    );
  });

  it("of two equals is mirrored when the ranks are", () => {
    fc.assert(
      fc.property(strengths, (strength) => {
        const won = rateMatch([seat("a", 1, strength), seat("b", 2, strength)]);
        const lost = rateMatch([seat("a", 2, strength), seat("b", 1, strength)]);
        expect(won.get("a")).toEqual(lost.get("b"));
        expect(won.get("b")).toEqual(lost.get("a"));
      }),
    );
  });

  it("against nobody, or in one team, changes nothing", () => {
    expect(rateMatch([seat("a", 1)]).size).toBe(0);
    expect(rateMatch([seat("a", 1, { team: 1 }), seat("b", 1, { team: 1 })]).size).toBe(0);
  });
});

describe("an unplayed seat", () => {
  const unplayed = { unplayed: true };

  it("costs its player a loss, and gives the winner nothing", () => {
    const after = rateMatch([seat("a", 1), seat("b", 2, unplayed)]);
    expect(after.has("a")).toBe(false);
    expect(after.get("b")).toMatchObject({ sigma: NEWCOMER.sigma });
    expect(after.get("b")?.mu).toBeLessThan(NEWCOMER.mu);
  });

  it("gains its player nothing, and costs the loser a loss", () => {
    const after = rateMatch([seat("a", 1, unplayed), seat("b", 2)]);
    expect(after.has("a")).toBe(false);
    expect(after.get("b")?.mu).toBeLessThan(NEWCOMER.mu);
    expect(after.get("b")?.sigma).toBe(NEWCOMER.sigma);
  });

  it("gains nobody anything, makes nobody surer, and never lets its own player rise", () => {
    fc.assert(
      fc.property(matches, (seats) => {
        const asIfPlayed = rateMatch(seats.map((one) => ({ ...one, unplayed: false })));
        const after = rateMatch(seats);
        for (const { playerId, mu, sigma, unplayed: idle } of seats) {
          const now = after.get(playerId) ?? { mu, sigma };
          expect(now.mu).toBeLessThanOrEqual(idle ? mu : Math.max(mu, asIfPlayed.get(playerId)?.mu ?? mu));
          if (idle) expect(now.sigma).toBe(sigma);
        }
      }),
    );
  });
});

describe("the weight of a match", () => {
  it("moves µ and σ² as far, so that nobody becomes sure of what says little", () => {
    const full = rateMatch([seat("a", 1), seat("b", 2)]).get("a") as Strength;
    const half = rateMatch([seat("a", 1), seat("b", 2)], () => 0.5).get("a") as Strength;
    expect(half.mu - 25).toBeCloseTo((full.mu - 25) / 2, 12);
    expect(NEWCOMER.sigma ** 2 - half.sigma ** 2).toBeCloseTo((NEWCOMER.sigma ** 2 - full.sigma ** 2) / 2, 12);
    expect(rateMatch([seat("a", 1), seat("b", 2)], () => 0).size).toBe(0);
  });

  it("is the mean over the opponents, and team mates are none", () => {
    const seats = [
      seat("a", 1, { team: 0 }),
      seat("b", 1, { team: 0 }),
      seat("c", 2, { team: 1 }),
      seat("d", 2, { team: 1 }),
    ];
    const weights: Record<string, number> = { ac: 0.5, ad: 1, ca: 0.5, cb: 1 };
    const after = rateMatch(seats, (one, other) => weights[one + other] ?? (one < "c" === other < "c" ? 0 : 1));
    const full = rateMatch(seats);
    const share = (id: string): number => ((after.get(id)?.mu ?? 25) - 25) / ((full.get(id)?.mu ?? 25) - 25);
    expect([share("a"), share("b"), share("c")].map((x) => Math.round(x * 1e9) / 1e9)).toEqual([0.75, 1, 0.75]);
  });
});
