import { CancelReason, type Match, MatchState } from "@muster/contracts/match/v2";
import { describeWithMariadb, until } from "@muster/testkit";
import { CompiledQuery, sql } from "kysely";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Harness, startHarness } from "../test/harness.ts";

const ROUND_MS = 50;
const MINUTES_MS = 60_000;

describeWithMariadb("leases", () => {
  let harness: Harness;
  let clockMs = 0;
  beforeAll(async () => {
    harness = await startHarness({
      env: { MATCH_LEASE_ROUND_MS: String(ROUND_MS) },
      now: () => new Date(Date.now() + clockMs),
    });
  });
  afterAll(async () => {
    await harness[Symbol.asyncDispose]();
  });

  const create = async (shardId: string, leased = true): Promise<string> => {
    const matchId = uuidv7();
    const seats = [0, 1].map((seat) => ({ seat, playerId: uuidv7(), playerName: `n${seat}` }));
    await harness.call.createMatch({
      matchId,
      mode: "duel",
      gameId: "duel",
      buildId: "1",
      seed: 1,
      shardId,
      seats,
      leased,
    });
    return matchId;
  };
  const find = async (matchId: string): Promise<Match> => (await harness.call.getMatch({ matchId })).match as Match;
  const round = async (): Promise<number> =>
    (await harness.db.selectFrom("lease_clock").select("round").executeTakeFirst())?.round ?? 0;
  /** Renews until so many rounds have passed. */
  const renewFor = async (rounds: number, shardId: string, matchIds: string[]): Promise<void> => {
    const end = (await round()) + rounds;
    await until(async () => {
      await harness.call.renewLeases({ shardId, matchIds });
      return (await round()) >= end ? undefined : "not so many rounds yet";
    });
  };

  it("a match that nobody renews is cancelled as shard_lost, with its event; one that is held, or has no lease, is not", async () => {
    const [lost, held, unleased] = [await create("s1"), await create("s2"), await create("s1", false)];
    await renewFor(10, "s2", [held]);
    await until(async () => ((await find(lost)).state === MatchState.CANCELLED ? undefined : "still running"));
    expect(await find(lost)).toMatchObject({ cancelReason: CancelReason.SHARD_LOST });
    expect((await find(held)).state).toBe(MatchState.RUNNING);
    expect((await find(unleased)).state).toBe(MatchState.RUNNING);
    const events = await harness.db
      .selectFrom("outbox")
      .select(["event_type", "payload"])
      .where("partition_key", "=", lost)
      .execute();
    expect(events.map(({ event_type }) => event_type)).toEqual(["match.cancelled"]);
    expect(JSON.parse(String(events[0]?.payload))).toMatchObject({ matchId: lost, reason: "shard_lost" });
    expect(harness.logs.find(({ matchId }) => matchId === lost)).toMatchObject({ matchId: lost, shardId: "s1" });
  });

  it("a shard hears what it holds no more, renews nothing of another's, and stores no result under another's epoch", async () => {
    const [moved, over, mine] = [await create("s1"), await create("s1"), await create("s1")];
    await harness.call.advanceEpochs({ matches: [{ matchId: moved, expectedEpoch: 1, shardId: "s2", leased: true }] });
    const outcome = { case: "cancelled", value: { reason: CancelReason.NO_SHOW } } as const;
    await harness.call.recordResult({ matchId: over, epoch: 1, outcome, shardId: "s1" });
    const { lost } = await harness.call.renewLeases({ shardId: "s1", matchIds: [moved, over, mine, uuidv7()] });
    expect(lost.map(({ matchId, state, cancelReason }) => [matchId, state, cancelReason])).toEqual(
      expect.arrayContaining([
        [moved, MatchState.RUNNING, CancelReason.UNSPECIFIED],
        [over, MatchState.CANCELLED, CancelReason.NO_SHOW],
      ]),
    );
    expect(lost).toHaveLength(2);
    // Offered the same epoch as s2, and never heard that s2 has it.
    await expect(harness.call.recordResult({ matchId: moved, epoch: 2, outcome, shardId: "s3" })).rejects.toMatchObject(
      {
        code: "stale_epoch",
      },
    );
    expect(await harness.call.recordResult({ matchId: moved, epoch: 2, outcome, shardId: "s2" })).toMatchObject({
      duplicate: false,
    });
  });

  it.each([10, -10])("a clock that jumps by %i minutes ends nothing that is held", async (minutes) => {
    const matchId = await create("s1");
    clockMs = minutes * MINUTES_MS;
    await sql`set timestamp = ${Math.floor((Date.now() + clockMs) / 1000)}`.execute(harness.db);
    await renewFor(8, "s1", [matchId]);
    clockMs = 0;
    expect((await find(matchId)).state).toBe(MatchState.RUNNING);
  });

  it("several instances count no faster than one, and end each match once", async () => {
    await using stack = new AsyncDisposableStack();
    for (let i = 0; i < 3; i++) stack.use((await harness.another()).app);
    const [startedAt, from] = [performance.now(), await round()];
    const lost: string[] = [];
    while (lost.length < 120) lost.push(...(await Promise.all(Array.from({ length: 10 }, () => create("s9")))));
    await until(async () => {
      const found = await harness.call.getMatches({ matchIds: lost });
      return found.matches.every(({ state }) => state === MatchState.CANCELLED) ? undefined : "some are running";
    });
    expect((await round()) - from).toBeLessThanOrEqual(Math.ceil((performance.now() - startedAt) / ROUND_MS) + 1);
    const rows = await harness.db.selectFrom("outbox").select("event_id").where("partition_key", "in", lost).execute();
    expect(rows).toHaveLength(lost.length);
  });

  it("finds what is over without looking at the rest", async () => {
    const { rows } = await harness.db
      .getExecutor()
      .executeQuery<{ key: string }>(
        CompiledQuery.raw(
          "explain select id from matches where state = 'running' and lease_round <= 5 order by lease_round limit 50",
        ),
      );
    expect(rows[0]).toMatchObject({ key: "matches_by_lease" });
  });

  it("time in which no match-service was there does not count", async () => {
    const matchId = await create("s1");
    await renewFor(3, "s1", [matchId]);
    await harness.app.stop();
    const before = await round(); // nobody counts
    const stoppedAt = performance.now();
    await until(() => (performance.now() - stoppedAt > 12 * ROUND_MS ? undefined : "not long enough"));
    expect(await round()).toBe(before);
    await using _another = (await harness.another()).app;
    await until(async () => ((await round()) > before ? undefined : "no round yet"));
    const row = await harness.db.selectFrom("matches").select("state").where("id", "=", matchId).executeTakeFirst();
    expect(row?.state).toBe("running");
  });
});
