// The queue of verifications: several instances, crashes, and what no attempt helps.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describeWithMariadb, LogLines, until } from "@muster/testkit";
import { sql } from "kysely";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openTestDatabase, type TestDatabase } from "../test/database.ts";
import { LOOPS } from "../test/games.ts";
import { deliver, judged } from "../test/harness.ts";
import { type Ended, endedMatch } from "../test/matches.ts";
import { startVerifying, type Verifying } from "../test/verifying.ts";
import { claimDue } from "./store/queue.ts";
import { unverifiable } from "./verify/judge.ts";

const PROCESS = new URL("../test/verifying-process.ts", import.meta.url).pathname;

describeWithMariadb("the queue of verifications", () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await openTestDatabase();
  });
  afterEach(() => database[Symbol.asyncDispose]());

  const some = (count: number): Promise<Ended[]> =>
    Promise.all(Array.from({ length: count }, (_, seed) => endedMatch({ seed })));
  const told = async (): Promise<string[]> => {
    const rows = await database.db.selectFrom("outbox").select("partition_key").execute();
    return rows.map(({ partition_key }) => partition_key);
  };
  const loops = () => endedMatch({ gameId: "runaway", buildId: "1", options: { how: LOOPS } });

  it("is shared by several instances: each match is simulated and told of once", async () => {
    const events = await some(16);
    await using a = await startVerifying(database.db, { threads: 2 });
    await using b = await startVerifying(database.db, { threads: 2 });
    await deliver(database, ...events);
    for (const { data } of events) expect((await judged(database, data.matchId)).verdict).toBe("verified");
    const count = (of: "simulated" | "judged") =>
      [a, b].reduce((sum: number, one: Verifying) => sum + one[of].length, 0);
    expect([count("simulated"), count("judged")]).toEqual([16, 16]);
    expect((await told()).toSorted()).toEqual(events.map(({ data }) => data.matchId).toSorted());
  });

  it("gives nobody what somebody has claimed, until the lease is over", async () => {
    await deliver(database, ...(await some(3)));
    const claim = (leaseMs: number) => claimDue(database.db, { claim: crypto.randomUUID(), limit: 2, leaseMs });
    const [first, second] = await Promise.all([claim(60_000), claim(0)]);
    expect(new Set([...first, ...second].map(({ matchId }) => matchId)).size).toBe(first.length + second.length);
    const rest = async () => {
      const found = await claim(0);
      return found.length === 3 - first.length ? undefined : `${found.length} found`;
    };
    await until(rest);
  });

  it("gives up nothing to an instance that is killed in the middle: another one verifies it, once", async () => {
    const [event, good] = [await loops(), await endedMatch()];
    await deliver(database, event, good);
    const child = spawn(process.execPath, [PROCESS, database.url, "1500"], { stdio: ["ignore", "ignore", "inherit"] });
    await until(async () => {
      const row = await database.db
        .selectFrom("replays")
        .select("claim")
        .where("claim", "is not", null)
        .executeTakeFirst();
      return row ? undefined : "nothing is claimed";
    }, 60_000);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await told()).toEqual([]);
    await using _ = await startVerifying(database.db, { budgetMs: 1000, leaseMs: 60_000 });
    expect(await judged(database, event.data.matchId)).toMatchObject({ verdict: "unverifiable", reason: "timeout" });
    expect(await judged(database, good.data.matchId)).toMatchObject({ verdict: "verified" });
    expect((await told()).toSorted()).toEqual([event.data.matchId, good.data.matchId].toSorted());
  }, 120_000);

  it("stores no outcome of an instance whose claim has run out meanwhile", async () => {
    const event = await endedMatch();
    const [asked, over] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const verify = async () => {
      asked.resolve();
      await over.promise;
      return unverifiable("timeout", "late");
    };
    const late = { ...idle(), verify };
    const slow = await startVerifying(database.db, { threadsInstead: late, leaseMs: 1 });
    await deliver(database, event);
    await asked.promise;
    await using _ = await startVerifying(database.db);
    expect((await judged(database, event.data.matchId)).verdict).toBe("verified");
    over.resolve();
    await slow[Symbol.asyncDispose](); // when it has tried to store it
    expect(await told()).toEqual([event.data.matchId]);
    expect((await judged(database, event.data.matchId)).verdict).toBe("verified");
  });

  it("tries a match that ends its process or its thread each time no more than three times", async () => {
    const event = await endedMatch();
    await deliver(database, event);
    await database.db.updateTable("replays").set({ attempts: 3 }).execute();
    await using verifying = await startVerifying(database.db);
    expect(await judged(database, event.data.matchId)).toMatchObject({ verdict: "unverifiable", reason: "too_costly" });
    expect(verifying.simulated).toEqual([]);
  });

  it("blames no match for threads that cannot start: its attempts do not count", async () => {
    const event = await endedMatch();
    await deliver(database, event);
    const logs = new LogLines();
    await using verifying = await startVerifying(database.db, {
      gamesModule: "no:such-module",
      log: logs.logger("test"),
      againAfterMs: 1,
    });
    const failures = () => logs.withMessage("a replay could not be verified yet").length;
    await until(() => (failures() > 3 ? undefined : `${failures()} failures`), 60_000);
    expect(verifying.judged).toEqual([]);
    const row = await database.db.selectFrom("replays").select("verdict").executeTakeFirst();
    expect(row?.verdict).toBeNull();
  });

  it("stores the verdict on a game that cannot be stopped, and then has the process ended", async () => {
    const ended = Promise.withResolvers<void>();
    const stuck = { ...idle(), stuck: true, verify: async () => unverifiable("timeout", "") };
    await using _ = await startVerifying(database.db, { threadsInstead: stuck, endProcess: ended.resolve });
    const event = await loops();
    await deliver(database, event);
    await ended.promise;
    expect(await judged(database, event.data.matchId)).toMatchObject({ reason: "timeout" });
  });

  it("has it back at once when an instance stops in good order, and that attempt does not count", async () => {
    const event = await loops();
    await deliver(database, event);
    const verifying = await startVerifying(database.db);
    const claimed = async () => {
      const row = await database.db.selectFrom("replays").select("claim").executeTakeFirst();
      return row?.claim ? undefined : "not claimed";
    };
    await until(claimed, 60_000);
    await verifying[Symbol.asyncDispose]();
    const row = await database.db
      .selectFrom("replays")
      .select(["claim", "attempts", sql<number>`due_at <= utc_timestamp(6)`.as("due")])
      .executeTakeFirst();
    expect(row).toEqual({ claim: null, attempts: 0, due: 1 });
  });

  it("verifies nothing with no threads", async () => {
    await deliver(database, await endedMatch());
    await using verifying = await startVerifying(database.db, { threads: 0 }); // with one, it would claim before we do
    expect(await claimDue(database.db, { claim: crypto.randomUUID(), limit: 9, leaseMs: 0 })).toHaveLength(1);
    expect(verifying.simulated).toEqual([]);
  });
});

function idle(): Pick<Verifying["threads"], "size" | "stop" | "stopping" | "stuck"> {
  return { size: 1, stop: async () => undefined, stopping: false, stuck: false };
}
