import type { Logger } from "@muster/log";
import type { Dependency } from "@muster/resilience";
import { sleep } from "@muster/runtime";
import type { Consumer as KafkaConsumer, EachBatchPayload, Kafka, KafkaMessage } from "kafkajs";
import { untilStop } from "./at-most.ts";
import { brokerError, protocolName } from "./kafkajs-errors.ts";
import { FETCH_BYTES_MAX, heartbeatMs, SESSION_MS } from "./consumer-defaults.ts";
import { retryOf } from "./figures.ts";
import { GroupConsumer } from "./group-consumer.ts";
import type { Batch, ConsumerOptions, ReceivedRecord } from "./port.ts";

/** How long the other members wait in a rebalance for one that is still handling records. */
const REBALANCE_MS = 60_000;
/** How long a fetch waits for records when there are none: a partition that has rested is asked for again after that. */
const FETCH_WAIT_MS = 250;
/** After a handler that threw: it should not have. */
const REST_AFTER_THROW_MS = 1000;
/** For leaving the group when no handler runs any more. */
const LEAVE_MS = 3000;
const COMMIT_TRIES = 4;
const COMMIT_RETRY_MS = 100;
/** A coordinator that is still loading is waited for this often before somebody hears of it. */
const LOADING_TRIES = 10;
const LOADING = new Set(["GROUP_LOAD_IN_PROGRESS", "GROUP_COORDINATOR_NOT_AVAILABLE", "NOT_COORDINATOR_FOR_GROUP"]);
const NO_MEMBER_NOW = new Set(["REBALANCE_IN_PROGRESS", "ILLEGAL_GENERATION", "UNKNOWN_MEMBER_ID"]);

/** From one rebalance to the next. */
interface Generation {
  /** The library's error that said that it is over. */
  lost: unknown;
  heardAt: number;
}

interface Member {
  readonly consumer: KafkaConsumer;
  readonly handling: Set<Promise<void>>;
  readonly resting: Set<NodeJS.Timeout>;
  generation: Generation;
}

export class KafkaJsConsumer extends GroupConsumer {
  readonly #kafka: Kafka;
  readonly #row: Dependency;
  readonly #sessionMs: number;
  #loadingTries = 0;

  constructor(kafka: Kafka, row: Dependency, options: ConsumerOptions, log: Logger) {
    super(options, log);
    this.#kafka = kafka;
    this.#row = row;
    this.#sessionMs = options.sessionMs ?? SESSION_MS;
  }

  /** A broker that has just started is no failure. */
  protected async member(): Promise<void> {
    try {
      await this.#join();
    } catch (err) {
      const reason = protocolName(err);
      if (!LOADING.has(reason) || this.#loadingTries === LOADING_TRIES) throw err;
      this.#loadingTries += 1;
      this.log.debug({ reason }, `${this.name} waits for the coordinator of its group`);
    }
  }

  /** One membership of the group, from joining to its loss or our leaving. @throws what ended it */
  async #join(): Promise<void> {
    const consumer = this.#kafka.consumer({
      groupId: this.options.group,
      sessionTimeout: this.#sessionMs,
      rebalanceTimeout: REBALANCE_MS,
      heartbeatInterval: heartbeatMs(this.#sessionMs),
      allowAutoTopicCreation: false,
      maxBytesPerPartition: this.options.fetchBytesMax ?? FETCH_BYTES_MAX,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      retry: { ...retryOf(this.#row), restartOnFailure: async () => false }, // #join is called again instead
    });
    const member: Member = { consumer, handling: new Set(), resting: new Set(), generation: newGeneration() };
    const ended = Promise.withResolvers<void>();
    this.#listen(member, ended.reject);
    const onStop = (): void => ended.resolve();
    this.stopping.addEventListener("abort", onStop, { once: true });
    const begun = this.#begin(member);
    try {
      await Promise.race([begun, ended.promise]);
      if (!this.stopping.aborted) await ended.promise;
    } finally {
      this.stopping.removeEventListener("abort", onStop);
      for (const timer of member.resting) clearTimeout(timer);
      await this.#leave(member, begun);
      this.partitions = undefined;
    }
  }

  #listen(member: Member, onCrash: (err: Error) => void): void {
    const { consumer } = member;
    consumer.on(consumer.events.CRASH, ({ payload }) => onCrash(payload.error));
    consumer.on(consumer.events.HEARTBEAT, () => {
      member.generation.heardAt = performance.now();
    });
    consumer.on(consumer.events.REBALANCING, () => {
      this.partitions = undefined;
    });
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      this.#loadingTries = 0;
      member.generation = newGeneration();
      this.partitions = Object.entries(payload.memberAssignment)
        .flatMap(([topic, partitions]) => partitions.map((partition) => `${topic}/${partition}`))
        .toSorted();
    });
  }

  async #begin(member: Member): Promise<void> {
    const { topics, from, concurrency } = this.options;
    const { consumer } = member;
    await consumer.connect();
    await consumer.subscribe({ topics: [...topics], fromBeginning: from === "earliest" });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: concurrency,
      eachBatch: async (payload) => {
        const handling = this.#handle(member, payload);
        member.handling.add(handling);
        await handling.finally(() => member.handling.delete(handling));
      },
    });
  }

  /** Waits for the handlers, however long they take; but for the broker only so long. */
  async #leave({ consumer, handling }: Member, begun: Promise<void>): Promise<void> {
    const leave = (): Promise<void> =>
      consumer.disconnect().catch((err: unknown) => this.log.debug({ err }, `${this.name} did not leave`));
    // A second time in case that it was still joining: the library would go on, and be a member that nobody knows of.
    const left = leave().then(async () => {
      await begun.catch(() => undefined);
      await leave();
    });
    await Promise.allSettled(handling);
    const waiting = new AbortController();
    await Promise.race([left, sleep(LEAVE_MS, waiting.signal)]);
    waiting.abort();
  }

  async #handle(member: Member, payload: EachBatchPayload): Promise<void> {
    const { topic, partition, messages } = payload.batch;
    const [first] = messages;
    if (!first) return;
    const { generation } = member;
    const batch = this.#batchOf(generation, payload);
    const start = BigInt(first.offset);
    const { next, pauseMs } = await this.options.handle(batch).catch((err: unknown) => {
      if (batch.owned()) this.log.error({ err, topic, partition }, "a handler of batches failed");
      else this.log.debug({ err, topic, partition }, "a handler failed after its partition was taken away");
      return { next: start, pauseMs: REST_AFTER_THROW_MS };
    });
    if (next > start) payload.resolveOffset((next - 1n).toString());
    // The library joins the group again when its own error comes back to it.
    if (generation.lost !== undefined) throw generation.lost;
    if (pauseMs <= 0) return;
    const resume = payload.pause();
    const timer = setTimeout(() => {
      member.resting.delete(timer);
      resume();
    }, pauseMs);
    member.resting.add(timer);
  }

  #batchOf(generation: Generation, payload: EachBatchPayload): Batch {
    const { topic, partition, messages, highWatermark } = payload.batch;
    const note = (err: unknown): void => {
      if (NO_MEMBER_NOW.has(protocolName(err))) generation.lost ??= err;
    };
    return {
      topic,
      partition,
      records: messages.map((message) => receivedOf(topic, partition, message)),
      end: BigInt(highWatermark),
      owned: () =>
        generation.lost === undefined &&
        !this.stopping.aborted &&
        performance.now() - generation.heardAt < this.#sessionMs,
      commit: async (offset) => {
        for (let tries = 1; ; tries += 1) {
          try {
            // Not the consumer's own commitOffsets: that one does nothing, silently, once the consumer has been told to stop.
            const topics = [{ topic, partitions: [{ partition, offset: offset.toString() }] }];
            await untilStop(this.stopping, () => payload.commitOffsetsIfNecessary({ topics }));
            generation.heardAt = performance.now();
            return;
          } catch (err) {
            note(err);
            if (generation.lost !== undefined || tries === COMMIT_TRIES || this.stopping.aborted)
              throw brokerError(err);
            await sleep(COMMIT_RETRY_MS * tries);
          }
        }
      },
      heartbeat: async () => {
        try {
          await untilStop(this.stopping, () => payload.heartbeat());
        } catch (err) {
          note(err);
          this.log.debug({ err, topic, partition }, "a heartbeat failed");
        }
      },
    };
  }
}

function newGeneration(): Generation {
  return { lost: undefined, heardAt: performance.now() };
}

function receivedOf(topic: string, partition: number, message: KafkaMessage): ReceivedRecord {
  const { offset, key, value, timestamp, headers = {} } = message;
  return {
    topic,
    partition,
    offset: BigInt(offset),
    key: key?.toString(),
    value: value ?? Buffer.alloc(0),
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, one]) => [name, String((Array.isArray(one) ? one.at(-1) : one) ?? "")]),
    ),
    timestampMs: Number(timestamp),
  };
}
