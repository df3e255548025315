import { CancelReason, EndReason, MatchState, type RecordResultRequestSchema } from "@muster/contracts/match/v2";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { describeWithMariadb } from "@muster/testkit";
import { newTrace, parseTraceparent, withTrace } from "@muster/tracing";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Harness, startHarness } from "../test/harness.ts";

describeWithMariadb("match-service on a clean schema", () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(async () => {
    await harness[Symbol.asyncDispose]();
  });

  const create = async (
    players = [uuidv7(), uuidv7()],
    mode = "duel",
    name = "n",
  ): Promise<{ matchId: string; players: string[] }> => {
    const matchId = uuidv7();
    await harness.call.createMatch({
      matchId,
      mode,
      gameId: "duel",
      buildId: "duel-1",
      seed: 4_000_000_000,
      shardId: "s1",
      seats: players.map((playerId, seat) => ({ seat, playerId, playerName: `${name}${seat}` })),
    });
    return { matchId, players };
  };
  const result = (matchId: string, epoch = 1, scores = [9, 4]): MessageInitShape<typeof RecordResultRequestSchema> => ({
    matchId,
    epoch,
    ticks: 1800,
    stateHash: "0a1b2c3d",
    outcome: {
      case: "completed",
      value: {
        reason: EndReason.PLAYED,
        seats: scores.map((score, seat) => ({ seat, score, rank: score === Math.max(...scores) ? 1 : 2 })),
      },
    },
  });
  const events = (matchId: string): Promise<{ event_type: string; payload: unknown }[]> =>
    harness.db.selectFrom("outbox").select(["event_type", "payload"]).where("partition_key", "=", matchId).execute();

  it("stores a result with its event in one transaction, and a duplicate changes nothing", async () => {
    const { matchId, players } = await create();
    expect(await harness.call.recordResult(result(matchId))).toMatchObject({ duplicate: false });
    expect(await harness.call.recordResult(result(matchId))).toMatchObject({ duplicate: true });
    const { match } = await harness.call.getMatch({ matchId });
    expect(match).toMatchObject({
      state: MatchState.ENDED,
      endReason: EndReason.PLAYED,
      ticks: 1800,
      stateHash: "0a1b2c3d",
      seed: 4_000_000_000,
    });
    expect(match?.participants.map(({ playerId, score, rank }) => ({ playerId, score, rank }))).toEqual([
      { playerId: players[0], score: 9, rank: 1 },
      { playerId: players[1], score: 4, rank: 2 },
    ]);
    const stored = await events(matchId);
    expect(stored.map((event) => event.event_type)).toEqual(["match.ended"]);
    expect(JSON.parse(String(stored[0]?.payload))).toMatchObject({
      matchId,
      epoch: 1,
      participants: [
        { playerId: players[0], score: 9 },
        { playerId: players[1], score: 4 },
      ],
    });
  });

  it("cancels a match once, with its event", async () => {
    const { matchId } = await create();
    expect(await harness.call.cancelMatch({ matchId })).toMatchObject({ duplicate: false });
    expect(await harness.call.cancelMatch({ matchId })).toMatchObject({ duplicate: true });
    expect((await events(matchId)).map((event) => event.event_type)).toEqual(["match.cancelled"]);
    await expect(harness.call.recordResult(result(matchId))).rejects.toMatchObject({ code: "result_conflict" });
  });

  it("says in the event which seats were bots', which were not played, and who was in which team", async () => {
    const matchId = uuidv7();
    const seats = [0, 1, 2, 3].map((seat) => ({ seat, playerId: uuidv7(), playerName: `n${seat}`, team: seat % 2 }));
    const [, , , bot] = seats;
    await harness.call.createMatch({
      matchId,
      mode: "pairs",
      gameId: "duel",
      buildId: "duel-1",
      seed: 1,
      shardId: "s1",
      seats: seats.map((seat) => (seat === bot ? { ...seat, bot: "easy" } : seat)),
    });
    const results = seats.map(({ seat }) => ({ seat, score: 0, rank: 1 + (seat % 2) }));
    const value = { reason: EndReason.FORFEIT, seats: results, unplayedSeats: [1] };
    await harness.call.recordResult({ matchId, epoch: 1, outcome: { case: "completed", value } });
    expect(JSON.parse(String((await events(matchId))[0]?.payload)).participants).toEqual(
      seats.map(({ seat, playerId }) => ({
        seat,
        playerId,
        ...(seat === 3 && { bot: "easy" }),
        team: seat % 2,
        score: 0,
        rank: 1 + (seat % 2),
        ...(seat === 1 && { unplayed: true }),
      })),
    );
  });

  it("answers gateways of the release before, which still ask for ratings here", async () => {
    const { matchId, players } = await create();
    await harness.call.recordResult(result(matchId));
    const asked = players.map((playerId) => ({ playerId, mode: "duel" }));
    expect((await harness.call.getRatings({ players: asked })).ratings).toMatchObject(
      asked.map(() => ({ rating: 1500, matches: 0 })),
    );
  });

  it("puts the trace of who stored the result into the event", async () => {
    const { matchId } = await create();
    const trace = newTrace();
    await withTrace(trace, () => harness.call.recordResult(result(matchId)));
    const stored = await harness.db
      .selectFrom("outbox")
      .select("traceparent")
      .where("partition_key", "=", matchId)
      .executeTakeFirst();
    expect(parseTraceparent(stored?.traceparent)?.traceId).toBe(trace.traceId);
  });

  it("accepts one of many results at the same instant as the first", async () => {
    const { matchId } = await create();
    const answers = await Promise.all(Array.from({ length: 8 }, () => harness.call.recordResult(result(matchId))));
    expect(answers.filter((answer) => !answer.duplicate)).toHaveLength(1);
    expect(await events(matchId)).toHaveLength(1);
  });

  it("refuses another result for a match that has one", async () => {
    const { matchId } = await create();
    await harness.call.recordResult(result(matchId));
    await expect(harness.call.recordResult(result(matchId, 1, [4, 9]))).rejects.toMatchObject({
      code: "result_conflict",
    });
    await expect(harness.call.recordResult({ ...result(matchId), stateHash: "ffffffff" })).rejects.toMatchObject({
      code: "result_conflict",
    });
  });

  it("refuses a stale epoch, before and after the end, and an epoch that never was", async () => {
    const { matchId } = await create();
    expect(await harness.call.advanceEpoch({ matchId, expectedEpoch: 1, shardId: "s2" })).toMatchObject({ epoch: 2 });
    expect(await harness.call.advanceEpoch({ matchId, expectedEpoch: 1, shardId: "s2" })).toMatchObject({ epoch: 2 }); // asked again
    await expect(harness.call.advanceEpoch({ matchId, expectedEpoch: 1, shardId: "s3" })).rejects.toMatchObject({
      code: "stale_epoch",
    });
    await expect(harness.call.recordResult(result(matchId, 1))).rejects.toMatchObject({
      code: "stale_epoch",
      details: { epoch: 2 },
    });
    await expect(harness.call.recordResult(result(matchId, 3))).rejects.toMatchObject({ code: "stale_epoch" });
    expect(await events(matchId)).toEqual([]);
    await harness.call.recordResult(result(matchId, 2));
    await expect(harness.call.recordResult(result(matchId, 1))).rejects.toMatchObject({ code: "stale_epoch" });
    await expect(harness.call.advanceEpoch({ matchId, expectedEpoch: 2, shardId: "s3" })).rejects.toMatchObject({
      code: "match_over",
    });
  });

  it("stores a cancelled match: no scores, its own event", async () => {
    const { matchId } = await create();
    const outcome = { case: "cancelled", value: { reason: CancelReason.NO_SHOW } } as const;
    await harness.call.recordResult({ matchId, epoch: 1, outcome });
    // Somebody who knows how far it came says the same; it was not for another reason, though.
    const again = { matchId, epoch: 1, ticks: 60, stateHash: "0a1b2c3d" };
    expect(await harness.call.recordResult({ ...again, outcome })).toMatchObject({ duplicate: true });
    const fault = { case: "cancelled", value: { reason: CancelReason.FAULT } } as const;
    await expect(harness.call.recordResult({ ...again, outcome: fault })).rejects.toMatchObject({
      code: "result_conflict",
    });
    const { match } = await harness.call.getMatch({ matchId });
    expect(match).toMatchObject({ state: MatchState.CANCELLED, cancelReason: CancelReason.NO_SHOW });
    expect(match?.participants.every((p) => p.score === undefined && p.rank === undefined)).toBe(true);
    expect((await events(matchId)).map((event) => event.event_type)).toEqual(["match.cancelled"]);
  });

  it("keeps every reason for which a match can be cancelled", async () => {
    const reasons = Object.entries(CancelReason).filter(([, reason]) => reason !== CancelReason.UNSPECIFIED);
    for (const [name, reason] of reasons) {
      const { matchId } = await create();
      await harness.call.recordResult({ matchId, epoch: 1, outcome: { case: "cancelled", value: { reason } } });
      const { match } = await harness.call.getMatch({ matchId });
      expect([match?.state, match?.cancelReason]).toEqual([MatchState.CANCELLED, reason]);
      expect(JSON.parse(String((await events(matchId))[0]?.payload))).toMatchObject({ reason: name.toLowerCase() });
    }
  });

  it("creates a match once per id, and refuses other contents under the same id", async () => {
    const { matchId, players } = await create();
    const same = {
      matchId,
      mode: "duel",
      gameId: "duel",
      buildId: "duel-1",
      seed: 4_000_000_000,
      shardId: "s1",
      seats: players.map((playerId, seat) => ({ seat, playerId, playerName: "x" })),
    };
    expect((await harness.call.createMatch(same)).match?.matchId).toBe(matchId);
    await expect(harness.call.createMatch({ ...same, seed: 1 })).rejects.toMatchObject({ code: "match_conflict" });
  });

  it.each([
    { note: "a seat left out", seats: [0] },
    { note: "a seat twice", seats: [0, 0] },
    { note: "a seat that is not", seats: [0, 2] },
  ])("refuses a result that does not fit the match: $note", async ({ seats }) => {
    const { matchId } = await create();
    const outcome = {
      case: "completed",
      value: { reason: EndReason.PLAYED, seats: seats.map((seat) => ({ seat, score: 1, rank: 1 })) },
    } as const;
    await expect(harness.call.recordResult({ matchId, epoch: 1, outcome })).rejects.toMatchObject({
      code: "bad_result",
    });
  });

  it("refuses what the contract does not allow, and what does not exist", async () => {
    await expect(harness.call.recordResult({ matchId: "x", epoch: 1 })).rejects.toMatchObject({
      code: "invalid_request",
    });
    await expect(harness.call.recordResult({ matchId: uuidv7(), epoch: 1 })).rejects.toMatchObject({
      code: "invalid_request",
    });
    await expect(harness.call.recordResult(result(uuidv7()))).rejects.toMatchObject({ code: "match_not_found" });
    await expect(harness.call.getMatch({ matchId: uuidv7() })).rejects.toMatchObject({ code: "match_not_found" });
    await expect(
      create([uuidv7(), "same", "same"].map((id) => (id === "same" ? "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e" : id))),
    ).rejects.toMatchObject({ code: "bad_result" });
  });

  it("pages through a history newest first, each match once, while new ones arrive", async () => {
    const player = uuidv7();
    const created: string[] = [];
    for (let i = 0; i < 25; i++) created.push((await create([player, uuidv7()])).matchId);
    const seen: string[] = [];
    let cursor = "";
    do {
      const page = await harness.call.listPlayerMatches({ playerId: player, pageSize: 4, cursor });
      expect(page.matches.length).toBeLessThanOrEqual(4);
      seen.push(...page.matches.map((match) => match.matchId));
      cursor = page.nextCursor;
      await create([player, uuidv7()]); // newer than every page: must not shift the later ones
    } while (cursor !== "");
    expect(seen).toEqual(created.toReversed());
  });

  it("pages by what one answer carries, and so looks up many at once, however many seats they have", async () => {
    const player = uuidv7();
    const created: string[] = [];
    for (let i = 0; i < 60; i++) {
      const players = [player, ...Array.from({ length: 63 }, () => uuidv7())];
      created.push((await create(players, "duel", "\u{1f600}".repeat(24))).matchId);
    }
    const seen: string[] = [];
    let [cursor, pages] = ["", 0];
    do {
      const page = await harness.call.listPlayerMatches({ playerId: player, pageSize: 100, cursor });
      seen.push(...page.matches.map((match) => match.matchId));
      [cursor, pages] = [page.nextCursor, pages + 1];
    } while (cursor !== "");
    expect(seen).toEqual(created.toReversed());
    expect(pages).toBeGreaterThan(1);
    const unknown = uuidv7();
    const asked = [unknown, ...created];
    const found: string[] = [];
    for (let at = 0; at < asked.length; ) {
      const { matches, lookedUp } = await harness.call.getMatches({ matchIds: asked.slice(at), inSteps: true });
      found.push(...matches.map(({ matchId }) => matchId));
      expect(lookedUp).toBeGreaterThan(0);
      at += lookedUp;
    }
    expect(found).toEqual(created);
  });

  it("reads a page by one index range", async () => {
    const { rows } = await harness.db
      .getExecutor()
      .executeQuery<{ key: string; Extra: string }>(
        (await import("kysely")).CompiledQuery.raw(
          "explain select match_id from participants where player_id = '01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e' order by created_at desc, match_id desc limit 21",
        ),
      );
    expect(rows[0]).toMatchObject({ key: "participants_by_player" });
    expect(rows[0]?.Extra).not.toContain("filesort");
  });

  it("moves many matches at once, each on its own, and says the same again", async () => {
    const [{ matchId: a }, { matchId: b }, { matchId: over }] = [await create(), await create(), await create()];
    await harness.call.recordResult(result(over));
    const unknown = uuidv7();
    const matches = [a, b, over, unknown].map((matchId) => ({ matchId, expectedEpoch: 1, shardId: "s2" }));
    for (let again = 0; again < 2; again++) {
      const { advances } = await harness.call.advanceEpochs({ matches });
      expect(advances.map(({ epoch, refused }) => [epoch, refused])).toEqual([
        [2, ""],
        [2, ""],
        [1, "match_over"],
        [0, "match_not_found"],
      ]);
    }
    const stale = await harness.call.advanceEpochs({ matches: [{ matchId: a, expectedEpoch: 1, shardId: "s3" }] });
    expect(stale.advances[0]).toMatchObject({ epoch: 2, refused: "stale_epoch" });
    const found = await harness.call.getMatches({ matchIds: [a, b, unknown] });
    expect(found.matches.map(({ epoch, shardId }) => [epoch, shardId])).toEqual([
      [2, "s2"],
      [2, "s2"],
    ]);
    await expect(harness.call.recordResult(result(a))).rejects.toMatchObject({ code: "stale_epoch" });
  });

  it("keeps the input log with the result, once, and gives both back", async () => {
    const { matchId } = await create();
    const inputLog = Uint8Array.from({ length: 5000 }, (_, i) => i & 255);
    await expect(harness.call.getReplay({ matchId })).rejects.toMatchObject({ code: "replay_not_found" });
    await harness.call.recordResult({ ...result(matchId), inputLog });
    await harness.call.recordResult({ ...result(matchId), inputLog });
    const replay = await harness.call.getReplay({ matchId });
    expect(replay.match).toMatchObject({ matchId, stateHash: "0a1b2c3d", seed: 4_000_000_000 });
    expect(Buffer.from(replay.inputLog)).toEqual(Buffer.from(inputLog));
    const [event] = await events(matchId);
    const told = { inputLog: Buffer.from(inputLog).toString("base64"), inputLogBytes: inputLog.length };
    expect(JSON.parse(String(event?.payload))).toMatchObject(told);
    await expect(harness.call.getReplay({ matchId: uuidv7() })).rejects.toMatchObject({ code: "match_not_found" });
  });
});
