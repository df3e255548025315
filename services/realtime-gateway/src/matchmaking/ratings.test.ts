import type { MessageInitShape } from "@bufbuild/protobuf";
import type { GetRatingsRequestSchema } from "@muster/contracts/rating/v2";
import { LogLines } from "@muster/testkit";
import { describe, expect, it } from "vitest";
import { NEWCOMER, Ratings } from "./ratings.ts";

type Request = MessageInitShape<typeof GetRatingsRequestSchema>;
const WAIT_MS = 40;
const STRONG = { mu: 1700, sigma: 1 };

function ratingsWith(answer: (request: Request) => Promise<unknown>, waitMs = WAIT_MS) {
  const calls: Request[] = [];
  const sources: string[] = [];
  const ratings = new Ratings({
    service: { getRatings: (request: Request) => (calls.push(request), answer(request)) } as never,
    onRating: (source) => void sources.push(source),
    log: new LogLines().logger("realtime-gateway"),
    waitMs,
  });
  return { ratings, calls, sources };
}

/** Every player's strength is the number in its name. */
const rated = async ({ players = [] }: Request): Promise<unknown> => ({
  ratings: players.map(({ playerId }) => ({ mu: Number(playerId), sigma: 1, display: 0 })),
});
const never = (): Promise<unknown> => new Promise(() => undefined);

describe("ratings for tickets", () => {
  it("a thousand players who queue at once are a handful of calls, and each gets its own", async () => {
    const { ratings, calls } = ratingsWith(rated, 10_000);
    const got = await Promise.all(Array.from({ length: 1000 }, (_, i) => ratings.of(String(i), "duel")));
    expect(got).toEqual(Array.from({ length: 1000 }, (_, mu) => ({ mu, sigma: 1 })));
    expect(calls.length).toBeLessThanOrEqual(5);
  });

  it("a ticket waits for no rating for long: the last known one, or a new player's", async () => {
    let slow = false;
    const { ratings, calls, sources } = ratingsWith((request) => (slow ? never() : rated(request)));
    expect(await ratings.of("1700", "duel")).toEqual(STRONG);
    slow = true;
    const startedAt = performance.now();
    const got = await Promise.all([...Array(2000).keys()].map((i) => ratings.of(i === 7 ? "1700" : `9${i}`, "duel")));
    expect(performance.now() - startedAt).toBeLessThan(WAIT_MS * 25);
    expect(got[7]).toEqual(STRONG);
    expect(got.filter((rating) => rating === NEWCOMER)).toHaveLength(1999);
    expect(sources.filter((source) => source === "known")).toHaveLength(1);
    expect(calls.length).toBeLessThanOrEqual(5); // the others were not asked for: nobody waits for them any more
  });

  it("a ticket is counted once, also when its answer comes after it went on without", async () => {
    const late = Promise.withResolvers<unknown>();
    const { ratings, sources } = ratingsWith(() => late.promise);
    expect(await ratings.of("1700", "duel")).toBe(NEWCOMER);
    late.resolve({ ratings: [STRONG] });
    await late.promise;
    expect(await ratings.of("1700", "duel")).toEqual(STRONG);
    expect(sources).toEqual(["default", "read"]);
  });

  it("a call that fails gives the last known ones at once, and the next is asked again", async () => {
    let broken = true;
    const { ratings } = ratingsWith((request) => (broken ? Promise.reject(new Error("away")) : rated(request)));
    expect(await ratings.of("1700", "duel")).toBe(NEWCOMER);
    broken = false;
    expect(await ratings.of("1700", "duel")).toEqual(STRONG);
    broken = true;
    expect(await ratings.of("1700", "duel")).toEqual(STRONG);
  });
});
