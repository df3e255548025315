// From match.ended on the topic to a rating, and to rating.changed on the other topic.
import { RatingService } from "@muster/contracts/rating/v2";
import { type AnyEvent, consumerTopics, encodeEvent, newEvent, SUBSCRIPTIONS } from "@muster/events";
import { TopicReader } from "@muster/events/testing";
import { describeWithKafka, startPrivateKafka, startService, until } from "@muster/testkit";
import { v7 as uuidv7 } from "uuid";
import { expect, it } from "vitest";
import { compareWithFold } from "./recompute.ts";
import { service } from "./service.ts";

function ended(winner: string, loser: string, minute: number): Extract<AnyEvent, { type: "match.ended" }> {
  const endedAt = new Date(Date.parse("2026-11-27T10:00:00Z") + minute * 60_000);
  return newEvent(
    "match.ended",
    {
      matchId: uuidv7(),
      mode: "duel",
      gameId: "duel",
      buildId: "1",
      seed: 1,
      epoch: 1,
      createdAt: endedAt.toISOString(),
      endedAt: endedAt.toISOString(),
      reason: "played",
      ticks: 9,
      stateHash: "0badcafe",
      participants: [winner, loser].map((playerId, seat) => ({ seat, playerId, score: 1 - seat, rank: seat + 1 })),
    },
    { source: "muster/match-service", time: endedAt },
  );
}

describeWithKafka("rating-service on Kafka", () => {
  it("rates each match once and tells of it, whatever comes twice, late or broken; what is broken is in the DLQ", async () => {
    await using kafka = await startPrivateKafka(); // the topics and the group are those of every installation
    await using reader = await TopicReader.open(kafka.brokers, "muster.ratings.v1");
    const [admin, producer] = [reader.broker.admin(), reader.broker.producer()];
    await admin.start?.();
    await producer.start?.();
    const players = Array.from({ length: 5 }, () => uuidv7());
    const of = (n: number): string => players[n % players.length] as string;
    const matches = Array.from({ length: 30 }, (_, n) => encodeEvent(ended(of(n), of(n + 1 + (n % 3)), n)));
    const broken = { ...(matches[0] as (typeof matches)[number]), value: Buffer.from("{") };
    const held = matches.slice(3, 6);

    await using harness = await startService(service, RatingService, {
      env: { RATING_KAFKA_BROKERS: kafka.brokers.join(",") },
    });
    await producer.send([broken, ...matches.filter((one) => !held.includes(one)), ...matches.slice(0, 3)]);
    const count = async (): Promise<number> => {
      const rows = await harness.db.selectFrom("results").select("match_id").execute();
      return rows.length;
    };
    await until(async () => ((await count()) === 27 ? undefined : `${await count()} results`), 60_000);
    await producer.send(held);
    const rest = async (): Promise<string | undefined> => {
      if ((await count()) !== 30) return `${await count()} results`;
      const waiting = await harness.db.selectFrom("rewinds").select("position").execute();
      return waiting.length === 0 ? undefined : "a rewind waits";
    };
    await until(rest, 60_000);
    expect(await compareWithFold(harness.db, "duel")).toMatchObject({ results: 30, players: 5, differences: [] });

    const { ratings } = await harness.call.getRatings({
      players: players.map((playerId) => ({ playerId, mode: "duel" })),
    });
    const last = (playerId: string): number | undefined =>
      reader.of("rating.changed").findLast(({ data }) => data.playerId === playerId)?.data.after;
    const told = (): number[] => players.map((playerId) => last(playerId) ?? -1);
    const wanted = ratings.map(({ display }) => display);
    await until(() => (String(told()) === String(wanted) ? undefined : `${told()}, not ${wanted}`), 60_000);
    const { dlq } = consumerTopics(SUBSCRIPTIONS["rating-service"]);
    const lag = await admin.lag("nobody", [dlq]);
    expect(lag.reduce((sum, { first, end }) => sum + Number(end - first), 0)).toBe(1);

    const [gone] = players as [string];
    const erased = newEvent(
      "player.erased",
      { playerId: gone, erasedAt: new Date().toISOString() },
      { source: "muster/identity-service", time: new Date() },
    );
    await producer.send([encodeEvent(erased), encodeEvent(erased)]);
    const board = { leaderboard: { mode: "duel" } };
    await until(
      async () => ((await harness.call.listLeaderboard(board)).players === 4 ? undefined : "still there"),
      60_000,
    );
    const entries = (await harness.call.listLeaderboard(board)).entries.map(({ rank, playerId }) => [rank, playerId]);
    expect(entries.map(([rank]) => rank)).toEqual([1, 2, 3, 4]);
    expect(entries.map(([, playerId]) => playerId)).not.toContain(gone);
    expect(await harness.call.listRatingHistory({ playerId: gone, mode: "duel" })).toMatchObject({ points: [] });
    expect(await harness.call.getPlayerRatings({ playerId: gone })).toMatchObject({ ratings: [] });
    await expect(harness.call.getLeaderboardAround({ ...board, playerId: gone })).rejects.toMatchObject({
      code: "not_on_leaderboard",
    });
    expect(await compareWithFold(harness.db, "duel")).toMatchObject({ differences: [] });
    await producer.stop?.();
    await admin.stop?.();
  }, 180_000);
});
