// A result that is stored reaches its topic, with the trace of the call that stored it.
import { EndReason, MatchService } from "@muster/contracts/match/v2";
import type { EventOf } from "@muster/events";
import { TopicReader } from "@muster/events/testing";
import { describeWithKafka, kafkaBrokers, startPrivateKafka, startService, until } from "@muster/testkit";
import { newTrace, withTrace } from "@muster/tracing";
import { v7 as uuidv7 } from "uuid";
import { expect, it } from "vitest";
import { service } from "./service.ts";

type Call = Awaited<ReturnType<typeof start>>["call"];

const start = (brokers: string) =>
  startService(service, MatchService, { env: { MATCH_KAFKA_BROKERS: brokers, MATCH_REGION: "eu" } });

async function endedMatch(call: Call): Promise<string> {
  const matchId = uuidv7();
  const seats = [0, 1].map((seat) => ({ seat, playerId: uuidv7(), playerName: `p${seat}` }));
  const match = { matchId, mode: "duel", gameId: "duel", buildId: "duel-1", seed: 1, shardId: "s1", seats };
  await call.createMatch(match);
  const value = { reason: EndReason.PLAYED, seats: [0, 1].map((seat) => ({ seat, score: seat, rank: 2 - seat })) };
  await call.recordResult({ matchId, epoch: 1, ticks: 9, outcome: { case: "completed", value } });
  return matchId;
}

describeWithKafka("the relay of match-service", () => {
  it("publishes what a match ended as, in the trace of who said so", async () => {
    await using reader = await TopicReader.open(kafkaBrokers(), "muster.matches.v1");
    await using harness = await start(kafkaBrokers().join(","));
    const trace = newTrace();
    const matchId = await withTrace(trace, () => endedMatch(harness.call));
    const ofMatch = (): EventOf<"match.ended"> | undefined =>
      reader.of("match.ended").find(({ data }) => data.matchId === matchId);
    await until(() => (ofMatch() ? undefined : "no event"));
    expect(ofMatch()).toMatchObject({
      source: "muster/match-service",
      region: "eu",
      data: { matchId, mode: "duel", ticks: 9 },
    });
    expect(ofMatch()?.traceparent).toContain(trace.traceId);
    await until(async () => {
      const rows = await harness.db.selectFrom("outbox").select("event_id").where("published_at", "is", null).execute();
      return rows.length === 0 ? undefined : "not marked";
    });
  });

  it("waits for a broker that is away, while matches end as ever; says so, and publishes what waited", async () => {
    await using kafka = await startPrivateKafka();
    await using reader = await TopicReader.open(kafka.brokers, "muster.matches.v1");
    await using harness = await start(kafka.brokers.join(","));
    await kafka.kill();
    const matchIds = [await endedMatch(harness.call), await endedMatch(harness.call)];
    const status = async (): Promise<{ code: number; body: Record<string, unknown> }> => {
      const answer = await fetch(`${harness.app.admin.url}/statusz`);
      return { code: answer.status, body: (await answer.json()) as Record<string, unknown> };
    };
    await until(async () => ((await status()).body["status"] === "degraded" ? undefined : "says nothing"));
    expect(await status()).toMatchObject({
      code: 200,
      body: { failures: {}, missing: {}, waiting: { kafka: expect.any(String) } },
    });
    expect(await (await fetch(`${harness.app.admin.url}/metrics`)).text()).toMatch(/^outbox_unpublished\{.*\} 2$/m);
    await kafka.start();
    await until(() => {
      const there = new Set(reader.of("match.ended").map(({ data }) => data.matchId));
      return matchIds.every((id) => there.has(id)) ? undefined : "not published";
    }, 20_000);
    await until(async () => ((await status()).body["status"] === "ok" ? undefined : "still degraded"), 15_000);
  });

  it("is not there without a broker: events wait, and the service says that it is degraded", async () => {
    await using harness = await start("");
    await endedMatch(harness.call);
    const answer = await fetch(`${harness.app.admin.url}/statusz`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      status: "degraded",
      waiting: { kafka: "no broker is configured: events wait in the outbox" },
    });
  });
});
