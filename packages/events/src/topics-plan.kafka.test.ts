import { anyKafka } from "@muster/resilience/testing";
import { describeWithKafka, freshTopicPrefix, kafkaBrokers, LogLines } from "@muster/testkit";
import { expect, it } from "vitest";
import { createKafkaJsBroker } from "./broker/kafkajs.ts";
import { applyTopics, describePlan, planTopics } from "./topics-plan.ts";
import { topicDescriptions } from "./topics.ts";

const WITHIN = { timeout: 10_000 };

describeWithKafka("the declared topics", () => {
  const prefix = freshTopicPrefix();
  const wanted = topicDescriptions([], "local").map((topic) => ({ ...topic, name: `${prefix}${topic.name}` }));

  it("are made, made as declared again after somebody changed them, and nothing is done twice", async () => {
    const admin = createKafkaJsBroker(
      { brokers: kafkaBrokers(), clientId: "test", dependency: anyKafka(), tls: false },
      new LogLines().logger("test"),
    ).admin();
    await admin.start?.();
    const plans = await Promise.all([applyTopics(admin, wanted), applyTopics(admin, wanted)]);
    expect(plans[0]?.create).toEqual(wanted);
    // A broker hears of a change some time after it was accepted.
    const difference = async (): Promise<string[]> => describePlan(planTopics(wanted, await admin.listTopics()));
    await expect.poll(difference, WITHIN).toEqual([]);
    const [first] = wanted as [(typeof wanted)[number]];
    await admin.alterTopic(first.name, { "retention.ms": "1000" });
    await expect.poll(difference, WITHIN).toEqual([`~ ${first.name}: retention.ms=${first.settings["retention.ms"]}`]);
    await applyTopics(admin, wanted);
    await expect.poll(difference, WITHIN).toEqual([]);
    const more = planTopics([{ ...first, partitions: first.partitions + 1, replicas: 3 }], await admin.listTopics());
    expect(more).toMatchObject({ create: [], alter: [] });
    expect(more.wrong).toEqual([
      expect.stringContaining(`has ${first.partitions} partitions, not ${first.partitions + 1}`),
      expect.stringContaining("has 1 replicas, not 3"),
    ]);
    await admin.stop?.();
  });
});
