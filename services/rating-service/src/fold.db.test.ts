import { inTransaction } from "@muster/db";
import { until } from "@muster/runtime";
import { describeWithMariadb } from "@muster/testkit";
import fc from "fast-check";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { openTestDatabase, type TestDatabase } from "../test/database.ts";
import {
  apply,
  applyInTheEnd,
  duel,
  eraseInTheEnd,
  histories,
  idOf,
  match,
  MODE,
  player,
  rewindAll,
} from "../test/matches.ts";
import { applyResult } from "./apply.ts";
import { comparePositions } from "./position.ts";
import { excludeMatch, includeMatch, startSeason } from "./operations.ts";
import { compareWithFold } from "./recompute.ts";
import { countChanges } from "./store/boards.ts";
import { countRewinds, insertExclusion, lockResult } from "./store/results.ts";

/** Everything that results make. */
const MADE = [
  "results",
  "exclusions",
  "erasures",
  "rewinds",
  "heads",
  "points",
  "ratings",
  "board_counts",
  "board_equals",
  "board_changes",
  "outbox",
];

describeWithMariadb("the stored state", () => {
  let harness: TestDatabase;
  beforeAll(async () => {
    harness = await openTestDatabase();
  });
  afterAll(() => harness[Symbol.asyncDispose]());
  beforeEach(() => clear());

  async function clear(): Promise<void> {
    for (const table of MADE) await sql`delete from ${sql.table(table)}`.execute(harness.db);
    await sql`delete from seasons where season > 1`.execute(harness.db);
  }

  async function isTheFold(): Promise<void> {
    expect(await countRewinds(harness.db)).toBe(0);
    expect(await compareWithFold(harness.db, MODE)).toMatchObject({ differences: [] });
  }

  it("equals the fold to the last bit, whatever the order of delivery, with repeats, seasons, exclusions and replays", async () => {
    const steps = histories.chain((results) =>
      fc.record({
        results: fc.constant(results),
        order: fc.oneof(
          fc.constant(results.toSorted(comparePositions)),
          fc.shuffledSubarray(results, { minLength: results.length }),
        ),
        /** Some come again, some not before the end. */
        repeated: fc.subarray(results),
        withheld: fc.oneof(fc.constant([]), fc.subarray(results)),
        excluded: fc.oneof(fc.constant([]), fc.subarray(results)),
        excludedEarly: fc.subarray(results).map((some) => some.slice(0, 2)),
        included: fc.subarray(results),
        seasonAt: fc.option(fc.constantFrom(...results)),
        /** By number: before any result, beside the first ones, and after them. */
        erasedEarly: fc.oneof(fc.constant<number[]>([]), fc.subarray([0, 1, 2, 3])),
        erasedMeanwhile: fc.oneof(fc.constant<number[]>([]), fc.subarray([1, 2, 4, 5])),
        erasedLate: fc.oneof(fc.constant<number[]>([]), fc.subarray([0, 2, 6, 7])),
        concurrent: fc.boolean(),
        rewindBetween: fc.boolean(),
      }),
    );
    await fc.assert(
      fc.asyncProperty(steps, async (run) => {
        await clear();
        const at = new Date();
        if (run.seasonAt) await startSeason(harness.db, { season: 2, name: "2", startsAtMs: run.seasonAt.endedAtMs });
        for (const { matchId } of run.excludedEarly) await excludeMatch(harness.db, matchId, "suspect", at);
        const withheld = new Set(run.withheld);
        const first = [...run.order.filter((result) => !withheld.has(result)), ...run.repeated];
        for (const n of run.erasedEarly) await eraseInTheEnd(harness, player(n));
        const meanwhile = run.erasedMeanwhile.map((n) => () => eraseInTheEnd(harness, player(n)));
        const steps = [...first.map((result) => () => applyInTheEnd(harness, result)), ...meanwhile];
        if (run.concurrent) await Promise.all(steps.toReversed().map((step) => step()));
        else for (const step of steps) await step();
        if (run.rewindBetween) await rewindAll(harness);
        for (const { matchId } of run.excluded) await excludeMatch(harness.db, matchId, "suspect", at);
        for (const result of run.withheld) await apply(harness, result);
        for (const n of run.erasedLate) await eraseInTheEnd(harness, player(n));
        if (run.rewindBetween) await countChanges(harness.db, 5);
        await rewindAll(harness);
        await isTheFold();
        for (const { matchId } of run.included) await includeMatch(harness.db, matchId);
        await rewindAll(harness);
        await countChanges(harness.db, 5000);
        await isTheFold();
        const erased = [...run.erasedEarly, ...run.erasedMeanwhile, ...run.erasedLate].map(player);
        const { rows } =
          await sql`select player_id from ratings where player_id in (${sql.join(["", ...erased])})`.execute(
            harness.db,
          );
        expect(rows).toEqual([]);
      }),
      { numRuns: Number(process.env["FOLD_RUNS"] ?? 40) },
    );
  }, 300_000);

  it("is the same, to the last bit, whatever order the same results came in", async () => {
    const shuffles = histories.chain((results) =>
      fc.tuple(fc.constant(results), fc.shuffledSubarray(results, { minLength: results.length })),
    );
    const dump = async (): Promise<unknown> => {
      const { rows } = await sql`select * from points order by match_id, player_id`.execute(harness.db);
      const ratings = await sql`select * from ratings order by season, player_id`.execute(harness.db);
      return [rows, ratings.rows];
    };
    await fc.assert(
      fc.asyncProperty(shuffles, async ([results, shuffled]) => {
        const made: unknown[] = [];
        for (const order of [results, shuffled]) {
          await clear();
          for (const result of order) await apply(harness, result);
          await rewindAll(harness);
          made.push(await dump());
        }
        expect(made[1]).toEqual(made[0]);
      }),
      { numRuns: 15 },
    );
  }, 300_000);

  it("has a result once, however often and from how many sides at once it comes", async () => {
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => apply(harness, duel(1, 1, 2))));
    expect(outcomes.toSorted()).toEqual(["applied", ...Array.from({ length: 7 }, () => "duplicate")]);
    await isTheFold();
  });

  it("is applied side by side by many, without one being lost", async () => {
    const results = Array.from({ length: 60 }, (_, n) => duel(n, n % 7, 7 + (n % 5)));
    await Promise.all(results.map((result) => apply(harness, result)));
    await rewindAll(harness);
    expect((await compareWithFold(harness.db, MODE)).results).toBe(60);
    await isTheFold();
  });

  it("is right in the end when results, rewinds, exclusions and counts all go on at once", async () => {
    for (let round = 0; round < 5; round++) {
      await clear();
      const shuffled = Array.from({ length: 80 }, (_, i) => (i * 37 + round) % 80);
      let over = false;
      const applying = Promise.all(
        Array.from({ length: 4 }, async (_, worker) => {
          for (const n of shuffled.filter((one) => one % 4 === worker))
            await applyInTheEnd(harness, duel(n, n % 5, 5 + (n % 3)));
        }),
      ).finally(() => (over = true));
      const excluding = (async () => {
        for (const n of shuffled.toReversed()) {
          await excludeMatch(harness.db, idOf("match", n), "suspect", new Date());
          if (n % 2 === 0) await includeMatch(harness.db, idOf("match", n));
        }
      })();
      while (!over) {
        await rewindAll(harness);
        await countChanges(harness.db, 7);
      }
      await Promise.all([applying, excluding]);
      await rewindAll(harness);
      await isTheFold();
    }
  }, 120_000);

  it("waits for a result under way before it is computed again", async () => {
    for (const n of [1, 3, 2]) await apply(harness, duel(n, 1, 2));
    const applied = Promise.withResolvers<void>();
    const mayCommit = Promise.withResolvers<void>();
    const applying = inTransaction(
      harness.db,
      async (tx) => {
        await applyResult(tx, duel(4, 1, 2), new Date());
        applied.resolve();
        await mayCommit.promise;
      },
      { isolation: "read committed" },
    );
    await applied.promise;
    const rewinding = rewindAll(harness);
    await untilBlocked();
    mayCommit.resolve();
    await Promise.all([applying, rewinding]);
    await isTheFold();
  });

  it("does not miss that a match is excluded at the moment at which its result comes", async () => {
    const matchId = idOf("match", 1);
    const excluded = Promise.withResolvers<void>();
    const mayCommit = Promise.withResolvers<void>();
    const excluding = inTransaction(
      harness.db,
      async (tx) => {
        await insertExclusion(tx, matchId, "suspect", new Date());
        expect(await lockResult(tx, matchId)).toBeUndefined();
        excluded.resolve();
        await mayCommit.promise;
      },
      { isolation: "read committed" },
    );
    await excluded.promise;
    const applying = apply(harness, duel(1, 1, 2));
    await untilBlocked();
    mayCommit.resolve();
    expect(await applying).toBe("excluded");
    await excluding;
    await isTheFold();
  });

  /** Until a statement of somebody else waits for a lock. */
  function untilBlocked(): Promise<void> {
    return until(async () => {
      const { rows } = await sql`
        select id from information_schema.processlist
         where id <> connection_id() and command = 'Query' and time_ms > 50`.execute(harness.db);
      return rows.length > 0 ? undefined : "nobody waits";
    });
  }

  it("leaves a late result, and it alone, to a rewind; and later results go on meanwhile", async () => {
    expect(await apply(harness, duel(1, 1, 2))).toBe("applied");
    expect(await apply(harness, duel(5, 1, 3))).toBe("applied");
    expect(await apply(harness, duel(3, 1, 2))).toBe("late");
    expect(await apply(harness, duel(2, 8, 9))).toBe("applied");
    expect(await apply(harness, duel(6, 2, 1))).toBe("applied");
    await rewindAll(harness);
    await isTheFold();
  });

  it("tells of each rating that a result changed, and after a rewind once of each that is another one", async () => {
    const events = async (): Promise<string[]> => {
      const rows = await harness.db
        .selectFrom("outbox")
        .select(["event_type", "payload"])
        .orderBy("position")
        .execute();
      return rows.map(({ event_type, payload }) => {
        const { playerId, matchId, before, after, matches } = JSON.parse(payload);
        return `${event_type} ${Number(playerId.slice(-3))} ${Number(matchId.slice(-3))} ${before}>${after} ${matches}`;
      });
    };
    await apply(harness, duel(1, 1, 2));
    await apply(harness, duel(3, 1, 2));
    await apply(
      harness,
      match(4, [
        { playerId: player(1), rank: 1 },
        { playerId: player(3), rank: 2, unplayed: true },
      ]),
    );
    expect(await events()).toMatchInlineSnapshot(`
      [
        "rating.changed 1 1 1000>1138 1",
        "rating.changed 2 1 1000>927 1",
        "rating.changed 1 3 1138>1248 2",
        "rating.changed 2 3 927>875 2",
        "rating.changed 3 4 1000>911 1",
      ]
    `);
    await harness.db.deleteFrom("outbox").execute();
    await apply(harness, duel(2, 2, 4));
    expect(await events()).toEqual([]);
    await rewindAll(harness);
    expect(await events()).toMatchInlineSnapshot(`
      [
        "rating.changed 1 4 1248>1261 2",
        "rating.changed 2 3 875>1006 3",
        "rating.changed 3 4 911>912 1",
        "rating.changed 4 2 1000>915 1",
      ]
    `);
  });

  it("forgets who has no result left, when its only match is taken out", async () => {
    await apply(harness, duel(1, 1, 2));
    await excludeMatch(harness.db, idOf("match", 1), "suspect", new Date());
    await rewindAll(harness);
    for (const table of ["heads", "points", "ratings"] as const)
      expect(await harness.db.selectFrom(table).selectAll().execute()).toEqual([]);
    await isTheFold();
  });

  it("gives others the same ratings whether a player is erased or not, and tells of no erased player", async () => {
    const made: unknown[] = [];
    for (const erases of [false, true]) {
      await clear();
      for (let n = 0; n < 6; n++) await apply(harness, duel(n, n % 3, 3 + (n % 2)));
      if (erases) await eraseInTheEnd(harness, player(3));
      await apply(harness, duel(8, 3, 1));
      await apply(harness, duel(7, 3, 2));
      await rewindAll(harness);
      const { rows } = await sql`select * from ratings where player_id <> ${player(3)} order by player_id`.execute(
        harness.db,
      );
      made.push(rows);
      await isTheFold();
    }
    expect(made[1]).toEqual(made[0]);
    const told = await harness.db
      .selectFrom("outbox")
      .select("payload")
      .where("partition_key", "=", player(3))
      .execute();
    expect(told).toHaveLength(3); // of the matches before
  });

  it("has numbers as they were computed: every double comes back as it went", async () => {
    const { db } = harness;
    await sql`create table if not exists doubles (id int not null primary key, x double not null)`.execute(db);
    const bits = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((n) => {
      const view = new DataView(new ArrayBuffer(8));
      view.setBigUint64(0, n);
      return view.getFloat64(0);
    });
    const doubles = fc.oneof(
      bits.filter((x) => Number.isFinite(x) && (x === 0 || Math.abs(x) > 1e-290) && Math.abs(x) < 1e290),
      fc.double({ min: -100, max: 100, noNaN: true }),
      fc.double({ min: 0, max: 25 / 3, noNaN: true }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(doubles, { minLength: 1, maxLength: 200 }), async (sent) => {
        await sql`delete from doubles`.execute(db);
        const rows = sent.map((x, i) => sql`(${i}, ${x})`);
        await sql`insert into doubles values ${sql.join(rows)}`.execute(db);
        const { rows: read } = await sql<{ x: number }>`select x from doubles order by id`.execute(db);
        // -0 is 0 as SQL has it; no rating is either.
        expect(read.map(({ x }) => x + 0)).toEqual(sent.map((x) => x + 0));
      }),
      { numRuns: 50 },
    );
  }, 60_000);
});
