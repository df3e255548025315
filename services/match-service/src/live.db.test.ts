import { CancelReason, MatchState } from "@muster/contracts/match/v2";
import { inTransaction } from "@muster/db";
import { describeWithMariadb } from "@muster/testkit";
import { CompiledQuery, sql } from "kysely";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Harness, startHarness } from "../test/harness.ts";
import { liveKeys, lockExpired } from "./store.ts";

describeWithMariadb("the matches that are played now", () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(async () => {
    await harness[Symbol.asyncDispose]();
  });

  const create = async (mode: string, bot = ""): Promise<string> => {
    const matchId = uuidv7();
    const seats = [
      { seat: 0, playerId: uuidv7(), playerName: "Ann", bot: "" },
      { seat: 1, playerId: uuidv7(), playerName: bot || "Bob", bot },
    ];
    await harness.call.createMatch({ matchId, mode, gameId: "duel", buildId: "b", seed: 1, shardId: "s1", seats });
    return matchId;
  };
  const end = (matchId: string): Promise<unknown> =>
    harness.call.recordResult({
      matchId,
      epoch: 1,
      outcome: { case: "cancelled", value: { reason: CancelReason.ABANDONED } },
    });
  const walk = async (mode: string, pageSize: number): Promise<string[]> => {
    const ids: string[] = [];
    for (let cursor = ""; ; ) {
      const page = await harness.call.listLiveMatches({ mode, pageSize, cursor });
      ids.push(...page.matches.map(({ matchId }) => matchId));
      if (page.nextCursor === "") return ids;
      cursor = page.nextCursor;
    }
  };

  it("are listed newest first with who plays, of one mode or of all, page by page; those that are over are not", async () => {
    const all: string[] = [];
    for (let i = 0; i < 7; i++) all.unshift(await create(i % 2 === 0 ? "live-a" : "live-b"));
    const [over] = all.splice(2, 1) as [string];
    await end(over);
    expect(await walk("", 2)).toEqual(all);
    const { matches, nextCursor } = await harness.call.listLiveMatches({ mode: "live-b" });
    expect(matches.map(({ mode }) => mode)).toEqual(["live-b", "live-b", "live-b"]);
    expect(nextCursor).toBe("");
    expect(matches[0]?.participants.map(({ playerName }) => playerName)).toEqual(["Ann", "Bob"]);
    expect(await walk("live-b", 1)).toEqual(matches.map(({ matchId }) => matchId));
    expect(await walk("live-none", 5)).toEqual([]);
    for (const matchId of all) await end(matchId);
    expect(await walk("", 5)).toEqual([]);
  });

  it("and those of any other state, and of one player, are listed for operators to the last page, which leads to no other", async () => {
    const [running, ended] = [await create("live-ops"), await create("live-ops")];
    await end(ended);
    const list = async (asked: object): Promise<[string[], string]> => {
      const { matches, nextCursor } = await harness.call.listMatches({ pageSize: 1, ...asked });
      return [matches.map(({ matchId }) => matchId), nextCursor];
    };
    expect(await list({ mode: "live-ops" })).toEqual([[running], ""]);
    expect(await list({ mode: "live-ops", state: MatchState.CANCELLED })).toEqual([[ended], ""]);
    const playerId = (await harness.call.getMatch({ matchId: ended })).match?.participants[0]?.playerId as string;
    const seats = [{ seat: 0, playerId, playerName: "Ann" }];
    const match = { matchId: uuidv7(), mode: "live-ops", gameId: "duel", buildId: "b", seed: 1, shardId: "s1", seats };
    await harness.call.createMatch(match);
    const [newest, cursor] = await list({ playerId });
    expect(newest).toEqual([match.matchId]);
    expect(await list({ playerId, cursor })).toEqual([[ended], ""]);
    await expect(list({ cursor })).rejects.toMatchObject({ code: "bad_cursor" });
    for (const matchId of [running, match.matchId]) await end(matchId);
  });

  it("name a seat's bot", async () => {
    const matchId = await create("live-bots", "ace");
    const { matches } = await harness.call.listLiveMatches({ mode: "live-bots" });
    expect(matches[0]?.participants.map(({ bot }) => bot)).toEqual(["", "ace"]);
    await end(matchId);
  });

  it("refuse the cursor of another list", async () => {
    const playerId = uuidv7();
    const seats = [{ seat: 0, playerId, playerName: "Ann" }];
    const match = { mode: "duel", gameId: "duel", buildId: "b", seed: 1, shardId: "s1", seats };
    for (let i = 0; i < 2; i++) await harness.call.createMatch({ ...match, matchId: uuidv7() });
    const { nextCursor } = await harness.call.listPlayerMatches({ playerId, pageSize: 1 });
    for (const cursor of [nextCursor, "not one"])
      await expect(harness.call.listLiveMatches({ cursor })).rejects.toMatchObject({ code: "bad_cursor" });
  });

  it("are read from the end of an index, among many that are over and many that are not, and leases from theirs", async () => {
    const from = sql.raw("seq_1_to_6000");
    await sql`
      insert into matches (id, mode, game_id, build_id, seed, epoch, shard_id, state, created_at, ticks, state_hash, lease_round)
      select concat('01890a5d-ac96-774b-bcce-', lpad(hex(seq), 12, '0')), if(seq mod 3 = 0, 'rare', 'duel'), 'duel', 'b', 1, 1, 's1',
             if(seq mod 4 = 0, 'running', 'ended'), timestampadd(microsecond, seq div 5, '2026-11-27 00:00:00'), 0, '', seq
        from ${from}`.execute(harness.db);
    await sql`analyze table matches`.execute(harness.db);
    const explained = async (query: { compile(): CompiledQuery }): Promise<{ key: string; Extra: string }> => {
      const { sql: text, parameters } = query.compile();
      const { rows } = await harness.db.executeQuery<{ key: string; Extra: string }>(
        CompiledQuery.raw(`explain ${text}`, [...parameters]),
      );
      return rows[0] as { key: string; Extra: string };
    };
    const after = { at: "2026-11-27 00:00:00.000600", id: uuidv7() };
    for (const [mode, key] of [
      ["", "matches_live"],
      ["rare", "matches_live_by_mode"],
    ] as const)
      for (const cursor of [undefined, after]) {
        const plan = await explained(liveKeys(harness.db, mode, 21, cursor));
        expect(plan).toMatchObject({ key, Extra: expect.stringContaining("Using index") });
        expect(plan.Extra).not.toContain("filesort");
      }
    expect((await walk("rare", 50)).length).toBe(500);
    // The new keys begin with the state as well: who looks for expired leases must not lock what is listed here.
    const expired = await inTransaction(harness.db, async (tx) => {
      const plan = await explained(
        tx
          .selectFrom("matches")
          .select("id")
          .where("state", "=", "running")
          .where("lease_round", "<=", 20)
          .orderBy("lease_round")
          .limit(50)
          .forUpdate(),
      );
      expect(plan).toMatchObject({ key: "matches_by_lease" });
      return lockExpired(tx, 20, 50);
    });
    expect(expired.length).toBe(5);
  });
});
