// From match.ended on the topic to a verdict, and to replay.verified on the other topic.
import { ReplayService } from "@muster/contracts/replay/v2";
import {
  type AnyEvent,
  applyTopics,
  consumerTopics,
  createBroker,
  decodeEvent,
  encodeEvent,
  SUBSCRIPTIONS,
  topicDescriptions,
} from "@muster/events";
import { anyKafka } from "@muster/resilience/testing";
import { describeWithKafka, freshTopicPrefix, LogLines, startPrivateKafka, startService, until } from "@muster/testkit";
import { expect, it } from "vitest";
import { endedMatch, packedLog, without } from "../test/matches.ts";
import { startPeers } from "../test/peers.ts";
import { service } from "./service.ts";

describeWithKafka("replay-service on Kafka", () => {
  it("gives each match one verdict and tells of it once, whatever comes twice; what is broken is in the DLQ, and stops nothing", async () => {
    await using kafka = await startPrivateKafka(); // the topics and the group are those of every installation
    const broker = await createBroker(
      { client: "kafkajs", brokers: kafka.brokers, clientId: "test", dependency: anyKafka(), tls: false },
      new LogLines().logger("test"),
    );
    const [admin, producer] = [broker.admin(), broker.producer()];
    await admin.start?.();
    await producer.start?.();
    await applyTopics(admin, topicDescriptions(Object.values(SUBSCRIPTIONS), "local"));
    await using peers = await startPeers();

    const good = await Promise.all([1, 2, 3].map((seed) => endedMatch({ seed })));
    const large = without(await endedMatch({ inputLogBytes: 70_000 }), "inputLog");
    const suspect = await endedMatch({ stateHash: "0badcafe" });
    const old = without(await endedMatch(), "options", "inputLog", "inputLogBytes");
    peers.logs.set(large.data.matchId, new Uint8Array(await packedLog()));
    const wanted = new Map<string, string>([
      ...[...good, large].map(({ data }) => [data.matchId, "verified"] as const),
      [suspect.data.matchId, "suspect"],
      [old.data.matchId, "unverifiable"],
    ]);
    const records = [...good, large, suspect, old].map(encodeEvent);
    const again = { ...good[0], id: crypto.randomUUID() } as AnyEvent; // another event of the same match
    const broken = { ...(records[0] as (typeof records)[number]), value: Buffer.from("{") };

    const told: AnyEvent[] = [];
    const reader = broker.consumer({
      group: `${freshTopicPrefix()}reader`,
      topics: ["muster.replays.v1"],
      concurrency: 4,
      from: "earliest",
      async handle({ records: some }) {
        told.push(...some.map(decodeEvent));
        return { next: (some.at(-1)?.offset ?? -1n) + 1n, pauseMs: 0 };
      },
    });
    await reader.start();
    const env = { ...peers.env, REPLAY_KAFKA_BROKERS: kafka.brokers.join(",") };
    await using harness = await startService(service, ReplayService, { env });
    await producer.send([broken, ...records, ...records, encodeEvent(again)]);
    await until(() => (told.length >= wanted.size ? undefined : `${told.length} told`), 60_000);
    await until(() => (peers.effects.length > 0 ? undefined : "not excluded"), 60_000);
    expect(peers.effects).toEqual([`excluded ${suspect.data.matchId}`]);

    const { dlq } = consumerTopics(SUBSCRIPTIONS["replay-service"]);
    const dead = async () => {
      const lag = await admin.lag("nobody", [dlq]);
      return lag.reduce((sum, { first, end }) => sum + Number(end - first), 0);
    };
    await until(async () => ((await dead()) === 1 ? undefined : "not in the DLQ"), 60_000);
    const rows = await harness.db.selectFrom("replays").select(["match_id", "verdict"]).execute();
    expect(new Map(rows.map(({ match_id, verdict }) => [match_id, verdict]))).toEqual(wanted);
    expect(told).toHaveLength(wanted.size);
    for (const event of told)
      if (event.type === "replay.verified") expect(event.data.verdict).toBe(wanted.get(event.data.matchId));
    await reader.stop();
    await producer.stop?.();
    await admin.stop?.();
  }, 180_000);
});
