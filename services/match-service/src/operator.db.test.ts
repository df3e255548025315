import { EndReason, CancelReason } from "@muster/contracts/match/v2";
import { describeWithMariadb } from "@muster/testkit";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Harness, startHarness } from "../test/harness.ts";
import { runOperator } from "./operator-commands.ts";

/** As something else than a service may have left it. */
const BARE = {
  mode: "duel",
  game_id: "duel",
  build_id: "b",
  seed: 1,
  epoch: 1,
  shard_id: "s",
  state: "ended",
  created_at: new Date("2020-01-01T00:00:00Z"),
  end_reason: "played",
  cancel_reason: null,
  ticks: 0,
  state_hash: "",
  options: "{}",
  lease_round: null,
} as const;

describeWithMariadb("publish-results", () => {
  let harness: Harness;
  const ended: string[] = [];
  const withoutRanks = uuidv7();
  const originals = new Map<string, unknown>();
  beforeAll(async () => {
    harness = await startHarness();
    for (let n = 0; n < 4; n++) {
      const matchId = uuidv7();
      const seats = [0, 1].map((seat) => ({ seat, playerId: uuidv7(), playerName: `p${seat}`, team: seat }));
      const more = { mode: "duel", gameId: "duel", buildId: "b", seed: n, shardId: "s", options: { rounds: n } };
      await harness.call.createMatch({ matchId, ...more, seats });
      const value = {
        reason: EndReason.PLAYED,
        seats: seats.map(({ seat }) => ({ seat, score: seat, rank: 2 - seat })),
        unplayedSeats: n === 1 ? [0] : [],
      };
      const outcome =
        n === 3
          ? ({ case: "cancelled", value: { reason: CancelReason.NO_SHOW } } as const)
          : ({ case: "completed", value } as const);
      await harness.call.recordResult({
        matchId,
        epoch: 1,
        ticks: 9,
        stateHash: "0a1b2c3d",
        outcome,
        inputLog: Uint8Array.of(n),
      });
      if (n !== 3) ended.push(matchId);
    }
    for (const { partition_key, payload } of await outbox()) originals.set(partition_key, JSON.parse(payload));
    await harness.db
      .insertInto("matches")
      .values({ ...BARE, id: withoutRanks, ended_at: new Date("2020-01-01T00:00:00Z") })
      .execute();
    // As on an installation that has published them, or has never had an outbox.
    await harness.db.deleteFrom("outbox").execute();
  });
  afterAll(() => harness[Symbol.asyncDispose]());

  const outbox = () =>
    harness.db
      .selectFrom("outbox")
      .select(["event_id", "event_type", "partition_key", "payload"])
      .orderBy("position")
      .execute();
  const run = async (...args: string[]): Promise<{ code: number; lines: string[] }> => {
    const lines: string[] = [];
    const out = { log: (line: string) => lines.push(line), error: (line: string) => lines.push(line) };
    return { code: await runOperator(["publish-results", ...args], { MATCH_DB_URL: harness.url }, out), lines };
  };

  it("writes the events that the results had, in the order of their ends, and nothing at a repeat", async () => {
    const leftOut = `${withoutRanks}  left out: it has no whole result`;
    expect(await run("--before", "2019-01-01T00:00:00Z")).toEqual({ code: 0, lines: ["0 results  0 events written"] });
    expect(await run()).toEqual({ code: 0, lines: [leftOut, "4 results  3 events written"] });
    const rows = await outbox();
    expect(rows.map(({ event_type, partition_key }) => [event_type, partition_key])).toEqual(
      ended.map((matchId) => ["match.ended", matchId]),
    );
    expect(rows.map(({ payload }) => JSON.parse(payload))).toEqual(ended.map((matchId) => originals.get(matchId)));
    expect(await run()).toEqual({ code: 0, lines: [leftOut, "4 results  0 events written"] });
    // Also when they have left the outbox meanwhile: consumers know the ids.
    await harness.db.deleteFrom("outbox").execute();
    await run();
    expect((await outbox()).map(({ event_id }) => event_id)).toEqual(rows.map(({ event_id }) => event_id));
  });

  it("refuses what it does not take", async () => {
    for (const args of [["--before"], ["--before", "yesterday"], ["now"], ["--before", "2026-01-01", "x"]])
      expect((await run(...args)).code, args.join(" ")).toBe(2);
  });
});
