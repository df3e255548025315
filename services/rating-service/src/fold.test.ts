import { describe, expect, it } from "vitest";
import { boardChanges, bucketOf } from "./boards.ts";
import { foldResult, isRated, type Participant, type PlayerState, type Result } from "./fold.ts";
import { Meetings } from "./meetings.ts";
import { comparePositions } from "./position.ts";
import { NEWCOMER } from "./rate-match.ts";

const seasons = [
  { season: 1, name: "1", startsAtMs: 0 },
  { season: 2, name: "2", startsAtMs: 1_000_000 },
  { season: 3, name: "3", startsAtMs: 2_000_000 },
];
const seats: Participant[] = [
  { playerId: "a", rank: 1 },
  { playerId: "b", rank: 2 },
];

/** Results after each other, as the fold has them. */
class Fold {
  readonly states = new Map<string, PlayerState>();
  readonly #meetings = new Meetings();
  #n = 0;

  play(endedAtMs: number, more: Partial<Result> = {}): void {
    const result = { matchId: `m${this.#n++}`, mode: "duel", region: "", participants: seats, endedAtMs, ...more };
    for (const { playerId, after } of foldResult(result, this.states, this.#meetings, seasons)) {
      this.states.set(playerId, after);
      this.#meetings.add(playerId, result);
    }
  }

  of(playerId: string): PlayerState | undefined {
    return this.states.get(playerId);
  }
}

describe("a result", () => {
  it("begins from a newcomer's strength, and counts as a match of its season", () => {
    const fold = new Fold();
    fold.play(1000);
    expect(fold.of("a")).toMatchObject({ mu: 27.635389493140497, season: 1, matches: 1, reachedAtMs: 1000 });
    expect(fold.of("b")).toMatchObject({ mu: 22.364610506859503, season: 1, matches: 1 });
  });

  it("in a new season begins with the strength of the last one, less sure by the seasons between", () => {
    const fold = new Fold();
    for (let i = 0; i < 20; i++) fold.play(i);
    const before = fold.of("a") as PlayerState;
    fold.play(2_000_000, { participants: [seats[0] as Participant, { playerId: "c", rank: 2, unplayed: true }] });
    const after = fold.of("a") as PlayerState;
    expect(after).toMatchObject({ mu: before.mu, season: 3, matches: 0 });
    expect(after.sigma ** 2).toBeCloseTo(before.sigma ** 2 + 2 * (25 / 12) ** 2, 9);
  });

  it("is the player's region for the season if it is the first that changes the rating there", () => {
    const fold = new Fold();
    fold.play(1, { region: "us", participants: [seats[0] as Participant, { playerId: "b", rank: 2, unplayed: true }] });
    fold.play(2, { region: "eu" });
    fold.play(3, { region: "us" });
    expect([fold.of("a")?.region, fold.of("b")?.region]).toEqual(["eu", "us"]);
    fold.play(1_000_000, { region: "us" });
    expect(fold.of("a")?.region).toBe("us");
  });

  it("between the same two counts less and less, for µ and for σ, and in full again a day later", () => {
    const fold = new Fold();
    const gains: number[] = [];
    for (let i = 0; i < 8; i++) {
      const { mu = NEWCOMER.mu } = fold.of("a") ?? {};
      fold.play(i);
      gains.push((fold.of("a")?.mu ?? 0) - mu);
    }
    for (let i = 3; i < 8; i++) expect(gains[i]).toBeLessThan((gains[i - 1] as number) * 0.6);
    const { sigma } = fold.of("a") as PlayerState;
    fold.play(8);
    expect((fold.of("a") as PlayerState).sigma).toBeCloseTo(sigma, 2);
    const { mu } = fold.of("a") as PlayerState;
    fold.play(25 * 3_600_000);
    expect((fold.of("a")?.mu as number) - mu).toBeGreaterThan((gains[7] as number) * 10);
  });

  it("with a bot or without an opponent is not rated", () => {
    expect(isRated({ participants: seats })).toBe(true);
    expect(isRated({ participants: [...seats, { playerId: "c", rank: 3, bot: true }] })).toBe(false);
    expect(isRated({ participants: seats.slice(0, 1) })).toBe(false);
  });
});

it("results are in the order of their ends, and of their ids among those that ended together", () => {
  const positions = [
    { endedAtMs: 2, matchId: "a" },
    { endedAtMs: 1, matchId: "c" },
    { endedAtMs: 1, matchId: "b" },
  ];
  expect(positions.toSorted(comparePositions).map(({ matchId }) => matchId)).toEqual(["b", "c", "a"]);
});

describe("a leaderboard's counts", () => {
  const state = (mu: number, more: Partial<PlayerState> = {}): PlayerState => ({
    mu,
    sigma: 2,
    season: 1,
    matches: 3,
    region: "eu",
    reachedAtMs: 1_200_000,
    ...more,
  });

  it("change by who comes and goes, and not where that cancels out", () => {
    const changes = boardChanges([
      { before: state(25), after: state(26, { reachedAtMs: 1_800_000 }) },
      { before: state(24), after: state(25) },
      { before: undefined, after: state(27, { region: "" }) },
      { before: undefined, after: state(27, { matches: 0 }) },
    ]);
    expect(changes).toEqual([
      { season: 1, region: "eu", display: 1800, bucket: 3, delta: 1 },
      { season: 1, region: "eu", display: 1720, bucket: 2, delta: -1 },
      { season: 1, region: "", display: 1840, bucket: 2, delta: 1 },
    ]);
  });

  it("are by ten minutes", () => {
    expect(bucketOf(1_799_999)).toEqual({ bucket: 2, startsAtMs: 1_200_000 });
    expect(bucketOf(-5)).toEqual({ bucket: 0, startsAtMs: 0 });
  });
});
