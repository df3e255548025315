import { BUILDS } from "@muster/modes";
import { openReplayFile, Replay } from "@muster/game-kit";
import { describeWithMariadb, until } from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { deliver, type Harness, judged, startHarness } from "../test/harness.ts";
import { endedMatch, packedLog, without } from "../test/matches.ts";

describeWithMariadb("verification of replays", () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({ env: { REPLAY_VERIFY_WITHIN_MS: "60000" } });
  });
  afterAll(() => harness[Symbol.asyncDispose]());

  it("simulates a match again, stores that it is right, tells of it once, and gives out a file that plays it", async () => {
    const event = await endedMatch();
    const { matchId, stateHash, ticks } = event.data;
    await deliver(harness, event, event);
    expect(await judged(harness, matchId)).toMatchObject({ verdict: "verified", reason: "same_result" });
    const told = await harness.db.selectFrom("outbox").select("payload").where("partition_key", "=", matchId).execute();
    expect(told.map(({ payload }) => JSON.parse(payload))).toEqual([
      expect.objectContaining({ matchId, verdict: "verified", reason: "same_result" }),
    ]);
    const { content, fileBytes } = await harness.call.readReplayFile({ matchId });
    expect(content).toHaveLength(fileBytes);
    const file = await openReplayFile(content);
    const game = BUILDS.find(({ id }) => id === file.header.gameId);
    const replay = new Replay(game as (typeof BUILDS)[number], file.setup, file.log);
    replay.seek(replay.ticks);
    expect([replay.hash, replay.ticks]).toEqual([stateHash, ticks]);
  });

  it.each([
    ["another hash", { stateHash: "0badcafe" }, "state_hash_differs"],
    ["more ticks", { ticks: 9999 }, "ticks_differ"],
    [
      "a log in which an input is missing",
      { log: (log: Uint8Array) => Uint8Array.of(...log.subarray(0, -2), 1, 0) },
      "ticks_differ",
    ],
    ["a log that goes on after the end", { log: (log: Uint8Array) => Uint8Array.of(...log, 1, 0) }, "log_refused"],
  ] as const)("finds %s suspect, and has the match taken out of the ratings", async (_, changes, reason) => {
    const event = await endedMatch(changes);
    const { matchId } = event.data;
    await deliver(harness, event);
    const row = await judged(harness, matchId);
    expect(row.verdict).toBe("suspect");
    if (reason !== "ticks_differ") expect(row.reason).toBe(reason);
    await until(() => (harness.peers.effects.includes(`excluded ${matchId}`) ? undefined : "not excluded"));
  });

  it("takes nothing in that would be kept for ever: a match that ends in the year 9999", async () => {
    const event = await endedMatch({ endedAt: "9999-12-31T23:59:59.000Z" });
    await expect(deliver(harness, event)).rejects.toThrow("more than a day from now");
    await expect(harness.call.getReplay({ matchId: event.data.matchId })).rejects.toMatchObject({
      code: "replay_not_found",
    });
  });

  it("finds a result with other scores or ranks suspect", async () => {
    const played = await endedMatch();
    const seats = played.data.participants;
    const score = seats.map((seat) => ({ ...seat, score: seat.score + 1 }));
    const rank = seats.map((seat) => ({ ...seat, rank: 3 - seat.rank }));
    for (const [participants, reason] of [
      [score, "score_differs"],
      [rank, "rank_differs"],
    ] as const) {
      const event = await endedMatch({ participants });
      await deliver(harness, event);
      expect(await judged(harness, event.data.matchId)).toMatchObject({ verdict: "suspect", reason });
    }
  });

  it("says why a match is unverifiable, and takes nothing out", async () => {
    const broken = Buffer.from(await packedLog());
    broken[9] = (broken[9] as number) ^ 1;
    const cases = [
      [await endedMatch({ buildId: "gone" }), "build_missing"],
      [await endedMatch({ options: { speed: 3 } }), "options_unknown"],
      [without(await endedMatch(), "options"), "options_unknown"],
      [without(await endedMatch(), "inputLog", "inputLogBytes"), "log_missing"],
      [await endedMatch({ stateHash: "" }), "result_unknown"],
      [await endedMatch({ inputLog: broken.toString("base64") }), "log_unreadable"],
    ] as const;
    await deliver(harness, ...cases.map(([event]) => event));
    for (const [{ data }, reason] of cases)
      expect(await judged(harness, data.matchId)).toMatchObject({ verdict: "unverifiable", reason });
    const ids = cases.map(([{ data }]) => data.matchId);
    expect(harness.peers.effects.filter((effect) => ids.some((id) => effect.includes(id)))).toEqual([]);
  });

  it("fetches a log that was too large for the event from match-service, as soon as it answers", async () => {
    const event = without(await endedMatch({ inputLogBytes: 70_000 }), "inputLog");
    const lost = without(await endedMatch({ inputLogBytes: 70_000 }), "inputLog");
    const { matchId } = event.data;
    harness.peers.away = true;
    harness.peers.logs.set(matchId, new Uint8Array(await packedLog()));
    await deliver(harness, event, lost);
    await until(() =>
      harness.logs.lines.some((line) => JSON.stringify(line).includes(matchId)) ? undefined : "not asked",
    );
    await expect(harness.call.readReplayFile({ matchId })).rejects.toMatchObject({ code: "replay_file_not_found" });
    harness.peers.away = false;
    expect(await judged(harness, matchId)).toMatchObject({ verdict: "verified" });
    expect((await harness.call.readReplayFile({ matchId })).fileBytes).toBeGreaterThan(0);
    expect(await judged(harness, lost.data.matchId)).toMatchObject({ verdict: "unverifiable", reason: "log_missing" });
  });
});
