// The contract of the port, for every adapter of it: a broker that is not there yet, crashes, hangs or stays away.
import { describeWithKafka, type PrivateKafka, startPrivateKafka, until } from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { BrokerKit, disorder, numbered } from "../../test/broker-kit.ts";
import { BROKER_CLIENTS, BrokerError } from "../index.ts";

const KEYS = 7;
const BATCH = 50;
/** From the moment in which the broker is ready. */
const GOES_ON_WITHIN_MS = 12_000;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Sends batch after batch, each until the broker has it, as the relay of an outbox does. */
class Sender {
  sent = 0;
  readonly failures: BrokerError[] = [];
  readonly #kit: BrokerKit;
  readonly #topic: string;
  readonly #running: Promise<void>;
  #stopping = false;

  constructor(kit: BrokerKit, topic: string) {
    this.#kit = kit;
    this.#topic = topic;
    this.#running = this.#run();
  }

  async stop(): Promise<number> {
    this.#stopping = true;
    await this.#running;
    return this.sent;
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      try {
        await this.#kit.producer.send(numbered(this.#topic, BATCH, KEYS, this.sent));
        this.sent += BATCH;
        await sleep(20);
      } catch (err) {
        if (!(err instanceof BrokerError && err.retryable)) throw err;
        this.failures.push(err);
        await sleep(100);
      }
    }
  }
}

const IN_TURN = { concurrent: false };

/** Side by side, each adapter with a broker of its own: they mostly wait for one. Of each adapter, one after the other. */
describeWithKafka.each(BROKER_CLIENTS)("%s", { concurrent: true }, (client) => {
  let kafka: PrivateKafka;
  beforeAll(async () => {
    kafka = await startPrivateKafka();
  });
  afterAll(() => kafka.stop());

  it("joins when a broker comes, and nobody hears that its coordinator is loading", IN_TURN, async () => {
    await using kit = await BrokerKit.open(client, kafka.brokers);
    const topic = await kit.topic();
    await kafka.kill();
    expect(await kit.broker.probe()).toContain("ECONNREFUSED");
    const member = await kit.member({ topics: [topic] });
    const sender = new Sender(kit, topic);
    await until(() => (sender.failures.length > 0 ? undefined : "no failure yet"));
    await kafka.start();
    await member.untilSeen(BATCH, GOES_ON_WITHIN_MS);
    const sent = await sender.stop();
    await member.untilSeen(sent);
    expect(disorder(member.records, sent, KEYS)).toEqual([]);
    expect(kit.complaints().filter((line) => /LOAD|COORDINATOR/.test(JSON.stringify(line)))).toEqual([]);
  });

  it("goes on after a crash: nothing is lost, and every key is in its order", IN_TURN, async () => {
    await using kit = await BrokerKit.open(client, kafka.brokers);
    const topic = await kit.topic();
    const member = await kit.member({ topics: [topic] });
    await member.untilAssigned(3);
    const sender = new Sender(kit, topic);
    for (let crash = 1; crash <= 2; crash += 1) {
      await member.untilSeen(member.records.length + 5 * BATCH);
      await kafka.kill();
      await sleep(500);
      await kafka.start();
      const before = sender.sent;
      await member.untilSeen(before + BATCH, GOES_ON_WITHIN_MS);
    }
    const sent = await sender.stop();
    await member.untilSeen(sent);
    await until(() => (disorder(member.records, sent, KEYS).length === 0 ? undefined : "not all came in order"));
    // Only what was under way in a crash was sent twice.
    expect(member.records.length - sent).toBeLessThanOrEqual(4 * BATCH);
    expect(member.consumer.assigned()?.length).toBe(3);
  });

  it("goes on after a broker hung for some seconds", IN_TURN, async () => {
    await using kit = await BrokerKit.open(client, kafka.brokers);
    const topic = await kit.topic();
    const member = await kit.member({ topics: [topic] });
    const sender = new Sender(kit, topic);
    await member.untilSeen(5 * BATCH);
    await kafka.signal("SIGSTOP");
    await sleep(4000);
    await kafka.signal("SIGCONT");
    await member.untilSeen(sender.sent + 5 * BATCH, GOES_ON_WITHIN_MS);
    const sent = await sender.stop();
    await member.untilSeen(sent);
    expect(disorder(member.records, sent, KEYS)).toEqual([]);
  });

  it("stops in bounded time while the broker is away", IN_TURN, async () => {
    await using kit = await BrokerKit.open(client, kafka.brokers);
    const topic = await kit.topic();
    await kit.producer.send(numbered(topic, 20));
    const member = await kit.member({ topics: [topic] });
    await member.untilSeen(20);
    await kafka.kill();
    const late = await kit.member({ topics: [topic] });
    await sleep(1500);
    const begun = performance.now();
    await Promise.all([member.stop(), late.stop(), kit.producer.stop?.()]);
    expect(performance.now() - begun).toBeLessThan(5000);
    await kafka.start();
  });
});
