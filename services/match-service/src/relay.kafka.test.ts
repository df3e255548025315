// A result that is stored reaches its topic, with the trace of the call that stored it.
import { EndReason, MatchService } from "@muster/contracts/match/v2";
import { type AnyEvent, applyTopics, type Broker, createBroker, decodeEvent, topicDescriptions } from "@muster/events";
import {
  describeWithKafka,
  freshTopicPrefix,
  kafkaBrokers,
  LogLines,
  startPrivateKafka,
  startService,
  until,
} from "@muster/testkit";
import { newTrace, withTrace } from "@muster/tracing";
import { v7 as uuidv7 } from "uuid";
import { expect, it } from "vitest";
import { service } from "./service.ts";

type Call = Awaited<ReturnType<typeof start>>["call"];

const start = (brokers: string) => startService(service, MatchService, { env: { MATCH_KAFKA_BROKERS: brokers } });

async function endedMatch(call: Call): Promise<string> {
  const matchId = uuidv7();
  const seats = [0, 1].map((seat) => ({ seat, playerId: uuidv7(), playerName: `p${seat}` }));
  const match = { matchId, mode: "duel", gameId: "duel", buildId: "duel-1", seed: 1, shardId: "s1", seats };
  await call.createMatch(match);
  const value = { reason: EndReason.PLAYED, seats: [0, 1].map((seat) => ({ seat, score: seat, rank: 2 - seat })) };
  await call.recordResult({ matchId, epoch: 1, ticks: 9, outcome: { case: "completed", value } });
  return matchId;
}

async function brokerAt(brokers: string): Promise<Broker> {
  return createBroker(
    { client: "kafkajs", brokers: brokers.split(","), clientId: "test", tls: false },
    new LogLines().logger("test"),
  );
}

/** What comes on the topic of matches, in the order in which it comes. */
async function watchMatches(broker: Broker): Promise<{ events: AnyEvent[]; stop(): Promise<void> }> {
  const admin = broker.admin();
  await admin.start?.();
  await applyTopics(admin, topicDescriptions([], "local"));
  await admin.stop?.();
  const events: AnyEvent[] = [];
  const consumer = broker.consumer({
    group: `${freshTopicPrefix()}reader`,
    topics: ["muster.matches.v1"],
    concurrency: 4,
    from: "earliest",
    async handle({ records }) {
      events.push(...records.map(decodeEvent));
      return { next: (records.at(-1)?.offset ?? -1n) + 1n, pauseMs: 0 };
    },
  });
  await consumer.start();
  return { events, stop: () => consumer.stop() };
}

describeWithKafka("the relay of match-service", () => {
  it("publishes what a match ended as, in the trace of who said so", async () => {
    const brokers = kafkaBrokers().join(",");
    const reader = await watchMatches(await brokerAt(brokers));
    await using harness = await start(brokers);
    const trace = newTrace();
    const matchId = await withTrace(trace, () => endedMatch(harness.call));
    const ofMatch = (): AnyEvent | undefined =>
      reader.events.find((event) => event.type === "match.ended" && event.data.matchId === matchId);
    await until(() => (ofMatch() ? undefined : "no event"));
    expect(ofMatch()).toMatchObject({ source: "muster/match-service", data: { matchId, mode: "duel", ticks: 9 } });
    expect(ofMatch()?.traceparent).toContain(trace.traceId);
    await until(async () => {
      const rows = await harness.db.selectFrom("outbox").select("event_id").where("published_at", "is", null).execute();
      return rows.length === 0 ? undefined : "not marked";
    });
    await reader.stop();
  });

  it("waits for a broker that is away, while matches end as ever; says so, and publishes what waited", async () => {
    await using kafka = await startPrivateKafka();
    const brokers = kafka.brokers.join(",");
    const reader = await watchMatches(await brokerAt(brokers));
    await using harness = await start(brokers);
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
      const there = new Set(reader.events.flatMap((event) => ("matchId" in event.data ? event.data.matchId : [])));
      return matchIds.every((id) => there.has(id)) ? undefined : "not published";
    }, 20_000);
    await until(async () => ((await status()).body["status"] === "ok" ? undefined : "still degraded"), 15_000);
    await reader.stop();
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
