import { describeWithMariadb, until } from "@muster/testkit";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, it } from "vitest";
import { deliver, type Harness, judged, startHarness } from "../test/harness.ts";
import { type Ended, endedMatch, packedLog, without } from "../test/matches.ts";
import { readConfig } from "./config.ts";
import { retentionRules } from "./retention.ts";

const DAY_MS = 86_400_000;
const NOBODY = "01a20ab2-2d4a-7326-a77a-000000000000";

describeWithMariadb("replays over gRPC", () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({ env: { REPLAY_THREADS: "0" } });
  });
  afterAll(() => harness[Symbol.asyncDispose]());

  const seats = (...playerIds: readonly string[]) =>
    playerIds.map((playerId, seat) => ({ seat, playerId, score: 1, rank: 1 }));

  it("lists a player's replays newest first, by pages that have each once, whatever ends at the same moment", async () => {
    const [player, other] = [uuidv7(), uuidv7()];
    const events: Ended[] = [];
    for (let n = 0; n < 7; n++)
      events.push(
        await endedMatch({
          participants: seats(player, other),
          endedAt: new Date(Date.parse("2026-11-27T10:00:00Z") + Math.floor(n / 2) * 1000).toISOString(),
        }),
      );
    await deliver(harness, ...events);
    const seen: string[] = [];
    let cursor = "";
    do {
      const page = await harness.call.listPlayerReplays({ playerId: player, pageSize: 3, cursor });
      seen.push(...page.replays.map(({ matchId }) => matchId));
      cursor = page.nextCursor;
    } while (cursor !== "");
    expect(seen.toSorted()).toEqual(events.map(({ data }) => data.matchId).toSorted());
    const endOf = (id: string) => events.find(({ data }) => data.matchId === id)?.data.endedAt as string;
    expect(seen.map(endOf)).toEqual(seen.map(endOf).toSorted().toReversed());
    expect((await harness.call.listPlayerReplays({ playerId: NOBODY })).replays).toEqual([]);
    await expect(harness.call.listPlayerReplays({ playerId: player, cursor: "x" })).rejects.toMatchObject({
      code: "bad_cursor",
    });
  });

  it("lists what a bot played for the player only, and says which seat was a bot's", async () => {
    const [player, bot] = [uuidv7(), uuidv7()];
    const [own, botSeat] = seats(player, bot) as [object, object];
    await deliver(harness, await endedMatch({ participants: [own, { ...botSeat, bot: "ace" }] as never }));
    const { replays } = await harness.call.listPlayerReplays({ playerId: player });
    expect(replays[0]?.seats.map((seat) => seat.bot)).toEqual(["", "ace"]);
    expect((await harness.call.listPlayerReplays({ playerId: bot })).replays).toEqual([]);
  });

  it("reads a file in parts", async () => {
    const event = await endedMatch();
    const { matchId } = event.data;
    await deliver(harness, event);
    const { content: whole, fileBytes, fileHash } = await harness.call.readReplayFile({ matchId });
    expect((await harness.call.getReplay({ matchId })).replay).toMatchObject({
      fileBytes,
      fileHash,
      verdictReason: "",
    });
    const parts: Uint8Array[] = [];
    for (let offset = 0; offset < fileBytes; offset += 100)
      parts.push((await harness.call.readReplayFile({ matchId, offset, bytesMax: 100 })).content);
    expect(Buffer.concat(parts)).toEqual(Buffer.from(whole));
    expect((await harness.call.readReplayFile({ matchId, offset: fileBytes })).content).toHaveLength(0);
  });

  it("says what there is not", async () => {
    const { call } = harness;
    for (const calling of [call.getReplay({ matchId: NOBODY }), call.readReplayFile({ matchId: NOBODY })])
      await expect(calling).rejects.toMatchObject({ code: "replay_not_found" });
    const event = without(await endedMatch(), "inputLog", "inputLogBytes");
    await deliver(harness, event);
    const { matchId } = event.data;
    await expect(call.readReplayFile({ matchId })).rejects.toMatchObject({ code: "replay_file_not_found" });
    expect((await call.getReplay({ matchId })).replay).toMatchObject({ verdictReason: "log_missing", fileBytes: 0 });
    await expect(call.readReplayFile({ matchId, bytesMax: 131_073 })).rejects.toMatchObject({
      code: "invalid_request",
    });
  });

  it("keeps what counts for ratings longer, and what was suspect longest; the rest of a match goes with it", async () => {
    const at = Date.parse("2026-11-28T00:00:00Z");
    const endedAt = (daysAgo: number) => new Date(at - daysAgo * DAY_MS).toISOString();
    const practice = await endedMatch({ endedAt: endedAt(15) });
    const [first, second] = practice.data.participants as [object, object];
    const bots = { ...practice, data: { ...practice.data, participants: [first, { ...second, bot: "ace" }] as never } };
    const cases = [
      [bots, false],
      [await endedMatch({ endedAt: endedAt(15) }), true],
      [await endedMatch({ endedAt: endedAt(91) }), false],
      [await endedMatch({ endedAt: endedAt(91) }), "suspect"],
    ] as const;
    await deliver(harness, ...cases.map(([event]) => event));
    const suspectId = cases[3][0].data.matchId;
    await harness.db.updateTable("replays").set({ kept_as: "suspect" }).where("match_id", "=", suspectId).execute();
    const config = readConfig({ REPLAY_DB_URL: harness.url, ...harness.peers.env });
    for (const rule of retentionRules(harness.db, config, () => new Date(at))) await rule(1000);
    for (const [{ data }, stays] of cases) {
      const { matchId } = data;
      for (const table of ["replays", "replay_files", "replay_players"] as const) {
        const rows = await harness.db.selectFrom(table).select("match_id").where("match_id", "=", matchId).execute();
        expect(rows.length > 0, `${table} ${stays}`).toBe(stays !== false);
      }
    }
  });

  it("has a large log only once: the file does not change when it is verified again", async () => {
    const event = without(await endedMatch({ inputLogBytes: 70_000 }), "inputLog");
    const { matchId } = event.data;
    harness.peers.logs.set(matchId, new Uint8Array(await packedLog()));
    const verifying = await harness.another({ REPLAY_THREADS: "1" });
    await deliver(harness, event);
    expect((await judged(harness, matchId)).verdict).toBe("verified");
    const { fileHash } = await harness.call.readReplayFile({ matchId });
    harness.peers.logs.delete(matchId);
    await harness.db
      .updateTable("replays")
      .set({ due_at: new Date(0), verdict: null })
      .where("match_id", "=", matchId)
      .execute();
    await until(async () => ((await judged(harness, matchId)).verdict === "verified" ? undefined : "not yet"));
    expect((await verifying.call.readReplayFile({ matchId })).fileHash).toBe(fileHash);
  });
});
