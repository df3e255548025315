// An idempotent consumer: every event has its effect once, whatever is delivered twice, fails, crashes or moves between members. What happens
// to an event that cannot be applied: design/backend/v2.1-event-kit.md.
import { type Database, inTransaction, reasonOf } from "@muster/db";
import { KAFKA_CONSUMER } from "@muster/resilience";
import { must } from "@muster/errors";
import { type Component, createLoop, sleep, withCriticality } from "@muster/runtime";
import { inSpan } from "@muster/tracing";
import type { Transaction } from "kysely";
import { type Batch, BrokerError, type ReceivedRecord } from "../broker/port.ts";
import { DLQ_RETENTION_MS, SEGMENT_MS } from "../topics.ts";
import { attemptsOf, believed, deadLetterOf, dueMsOf, originOf } from "./dead-letter.ts";
import { discardParked } from "./discards.ts";
import { isDiscardOrder, OpenLetters } from "./dlq.ts";
import { enterInbox } from "./inbox.ts";
import type { EventResult } from "./metrics.ts";
import type { EventConsumerOptions, Identified } from "./options.ts";
import {
  countParked,
  isKeyParked,
  listDueHeads,
  lockParked,
  nextOfKey,
  noteParkedFailure,
  parkEvent,
  recordOf,
  removeParked,
  reviveParked,
} from "./parked.ts";
import { Brake, classOf, type FailureClass, inPlaceDelayMs, RETRY_POLICY, type RetryPolicy } from "./retry-policy.ts";
import type { ConsumerTables } from "./tables.ts";

const CONCURRENCY = KAFKA_CONSUMER.bulkhead;
const COMMIT_EVERY_MS = 1000;
const PARKED_EVERY_MS = 500;
const PARKED_AT_ONCE = 20;
/** When the DLQ cannot be written: the offset is not committed, and the partition rests. */
const REST_WITHOUT_DLQ_MS = 2000;

export function createEventConsumer<Tables extends ConsumerTables, Event extends Identified>(
  options: EventConsumerOptions<Tables, Event>,
): Component {
  const { broker, name, topics, order, concurrency = CONCURRENCY, metrics, log } = options;
  const stop = new AbortController();
  const consuming = new EventConsumer(options, stop.signal);
  const letters = new OpenLetters(DLQ_RETENTION_MS + SEGMENT_MS);
  const consumer = broker.consumer({
    group: name,
    topics: [...topics.events, topics.replay, topics.dlq, ...(order === "none" ? topics.retry : [])],
    concurrency,
    from: "earliest",
    handle: async (batch) => (batch.topic === topics.dlq ? letters.read(batch) : consuming.handle(batch)),
  });
  metrics.watch(name, {
    assigned: () => consumer.assigned(),
    dlq: { topic: topics.dlq, letters },
    ...(order === "per key" && { parked: () => countParked(options.db as unknown as Database<ConsumerTables>, name) }),
  });
  const parked = createLoop({ name: `parked events of ${name}`, log, maxDelayMs: 5000 }, async (stopped) => {
    await consuming.applyParked();
    await sleep(PARKED_EVERY_MS, stopped);
  });
  return {
    name: `consumer ${name}`,
    async start() {
      await consumer.start();
      if (order === "per key") await parked.start?.();
    },
    async stop() {
      stop.abort();
      await consumer.stop();
      await parked.stop?.();
    },
  };
}

/** How one record ended. `pauseMs`: it did not, and its partition is to rest before it is tried again. */
type Outcome = { readonly result: EventResult; readonly pauseMs: 0 } | { readonly pauseMs: number };

const done = (result: EventResult): Outcome => ({ result, pauseMs: 0 });

class EventConsumer<Tables extends ConsumerTables, Event extends Identified> {
  readonly #options: EventConsumerOptions<Tables, Event>;
  readonly #db: Database<ConsumerTables>;
  readonly #policy: RetryPolicy;
  readonly #brake: Brake;
  readonly #stop: AbortSignal;
  readonly #nowMs: () => number;

  constructor(options: EventConsumerOptions<Tables, Event>, stop: AbortSignal) {
    // Whatever an event makes a service ask of others can wait: it is tried again, and nobody looks at it meanwhile.
    const apply: typeof options.apply = (...given) => withCriticality("sheddable", () => options.apply(...given));
    this.#options = { ...options, apply };
    this.#db = options.db as unknown as Database<ConsumerTables>;
    this.#policy = options.policy ?? RETRY_POLICY;
    this.#brake = new Brake(this.#policy.brake);
    this.#stop = stop;
    this.#nowMs = options.nowMs ?? Date.now;
  }

  async handle(batch: Batch): Promise<{ next: bigint; pauseMs: number }> {
    const { name, topics, metrics } = this.#options;
    const at = `${batch.topic}/${batch.partition}`;
    let next = batch.records[0]?.offset ?? 0n;
    let [committed, committedAt, pauseMs] = [next, performance.now(), 0];
    for (const received of batch.records) {
      if (!batch.owned()) break;
      const record = believed(received, !topics.events.includes(batch.topic));
      pauseMs = await this.#pauseAfter(record, batch);
      const dueMs = this.#dueMs(record); // until then it is not late, and does not rest because of a failure
      metrics.resting(name, at, pauseMs > 0 && dueMs <= this.#nowMs());
      metrics.lag(name, at, Number(batch.end - next), Math.max(record.timestampMs, dueMs));
      if (pauseMs > 0) break;
      next = record.offset + 1n;
      if (performance.now() - committedAt > COMMIT_EVERY_MS) {
        await batch.commit(next);
        [committed, committedAt] = [next, performance.now()];
      }
      await batch.heartbeat();
    }
    if (next > committed) await batch.commit(next);
    if (next === batch.end) metrics.lag(name, at, 0, undefined);
    return { next, pauseMs };
  }

  /** @returns how long the partition is to rest before this record is tried again; 0 when it is done with */
  async #pauseAfter(record: ReceivedRecord, batch: Batch): Promise<number> {
    try {
      return (await this.#record(record, batch)).pauseMs;
    } catch (err) {
      if (err instanceof BrokerError) throw err; // the partition is not ours any more, and its adapter knows that
      // The database took nothing, not even that the event failed.
      const { topic, partition, offset } = record;
      this.#options.log.warn(
        { err, topic, partition, offset: String(offset) },
        "events cannot be applied: the partition rests",
      );
      return this.#brake.failed("transient");
    }
  }

  /**
   * Applies parked events whose time has come; when one was applied, also those behind it in its key. A key that has to wait holds up no other key.
   * @throws the first transient failure, once all have been tried
   */
  async applyParked(): Promise<void> {
    const failures: unknown[] = [];
    for (const head of await listDueHeads(this.#db, this.#options.name, PARKED_AT_ONCE)) {
      let position: bigint | undefined = head.position;
      try {
        while (position !== undefined && !this.#stop.aborted) position = await this.#parked(position);
      } catch (err) {
        failures.push(err);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  async #record(record: ReceivedRecord, batch: Batch): Promise<Outcome> {
    const { name, topics, decode, wants = () => true, metrics } = this.#options;
    const waitMs = this.#dueMs(record) - this.#nowMs();
    if (waitMs > 0) return { pauseMs: waitMs };
    if (record.topic === topics.replay && isDiscardOrder(record)) {
      await discardParked(this.#db, this.#options, record);
      return done("ignored");
    }
    let event: Event | undefined;
    try {
      event = decode(record);
    } catch (err) {
      metrics.failed(name, "invalid");
      return this.#dlq(record, "unknown", "invalid", err, 1);
    }
    if (event === undefined || !wants(event)) return done("ignored");
    if (record.topic === topics.replay && (await this.#revived(event))) return done("parked");
    return inSpan(spanOf(name, event), event.traceparent, () => this.#event(event, record, batch));
  }

  /** 0 for what is in no retry topic. */
  #dueMs(record: ReceivedRecord): number {
    const tier = this.#options.topics.retry.indexOf(record.topic);
    return tier < 0 ? 0 : dueMsOf(record, this.#policy.retryTopicsMs[tier] ?? 0);
  }

  async #event(event: Event, record: ReceivedRecord, batch: Batch): Promise<Outcome> {
    const { name, metrics } = this.#options;
    const startedAt = performance.now();
    for (let attempts = 1; ; attempts++) {
      try {
        const result = await this.#apply(event, record);
        this.#brake.succeeded();
        metrics.handled(name, event.type, result);
        return done(result);
      } catch (err) {
        const failure = classOf(err);
        metrics.failed(name, failure);
        const braking = this.#brake.on;
        const delayMs = inPlaceDelayMs(failure, attempts, performance.now() - startedAt, this.#policy);
        if (!braking && delayMs !== undefined && batch.owned()) {
          metrics.retried(name, "in_place");
          await sleep(delayMs, this.#stop);
          await batch.heartbeat();
          continue;
        }
        // The rebalance cut the attempts short: the partition's next holder tries the event.
        if (!batch.owned()) return { pauseMs: 1 };
        return this.#givenUp(event, record, failure, err, attempts);
      }
    }
  }

  async #givenUp(
    event: Event,
    record: ReceivedRecord,
    failure: FailureClass,
    err: unknown,
    attempts: number,
  ): Promise<Outcome> {
    const { name, order, topics, metrics, log } = this.#options;
    const pauseMs = this.#brake.failed(failure);
    const where = { consumer: name, topic: record.topic, partition: record.partition, eventId: event.id };
    if (pauseMs > 0) {
      log.warn({ err, ...where, pauseMs }, "events cannot be applied: the partition rests");
      return { pauseMs };
    }
    log.warn({ err, ...where, class: failure, attempts }, "an event could not be applied");
    if (failure === "permanent") return this.#dlq(record, event.type, failure, err, attempts);
    if (order === "none") {
      const made = attemptsOf(record, this.#nowMs()).made + attempts;
      const tier = topics.retry.indexOf(record.topic) + 1;
      const to = topics.retry[tier];
      const delayMs = this.#policy.retryTopicsMs[tier];
      if (to === undefined || delayMs === undefined) return this.#dlq(record, event.type, failure, err, attempts);
      metrics.retried(name, to);
      return this.#send(record, to, event.type, "retry_topic", { failure, err, made, dueMs: this.#nowMs() + delayMs });
    }
    const nextAttemptInMs = this.#policy.parkedDelaysMs[0] ?? 0;
    await inTransaction(
      this.#db,
      (tx) => parkEvent(tx, name, event.id, record, { error: reasonOf(err), attempts, nextAttemptInMs }),
      { isolation: "read committed", repeatable: "park event" },
    );
    metrics.handled(name, event.type, "parked");
    return done("parked");
  }

  async #apply(event: Event, record: ReceivedRecord): Promise<"applied" | "duplicate" | "parked"> {
    const { name, order, apply } = this.#options;
    let afterCommit: (() => void)[] = [];
    const result = await inTransaction(
      this.#db,
      async (tx) => {
        afterCommit = [];
        if (!(await enterInbox(tx, name, event.id))) return "duplicate";
        if (order === "per key" && (await isKeyParked(tx, name, record))) {
          await tx.deleteFrom("inbox").where("consumer", "=", name).where("event_id", "=", event.id).execute();
          await parkEvent(tx, name, event.id, record);
          return "parked";
        }
        await apply(event, tx as unknown as Transaction<Tables>, (tell) => void afterCommit.push(tell));
        return "applied";
      },
      { isolation: "read committed", repeatable: "apply event" },
    );
    for (const tell of afterCommit) tell();
    return result;
  }

  /** @returns the next event of its key, when that may be tried now */
  async #parked(position: bigint): Promise<bigint | undefined> {
    const { name, decode, apply, metrics, log } = this.#options;
    let row: Awaited<ReturnType<typeof lockParked>>;
    let type = "";
    let afterCommit: (() => void)[] = [];
    try {
      await inTransaction(
        this.#db,
        async (tx) => {
          afterCommit = [];
          row = await lockParked(tx, position);
          if (!row) return;
          const event = must(decode(recordOf(row)), "it was handled when it was parked");
          type = event.type;
          await inSpan(spanOf(name, event), event.traceparent, async () => {
            if (await enterInbox(tx, name, event.id))
              await apply(event, tx as unknown as Transaction<Tables>, (tell) => void afterCommit.push(tell));
          });
          await removeParked(tx, position);
        },
        { isolation: "read committed", repeatable: "apply parked event" },
      );
    } catch (err) {
      if (!row) throw err;
      const failure = classOf(err);
      metrics.failed(name, failure);
      if (failure === "transient") throw err; // of the loop, which waits
      const attempts = row.attempts + 1;
      log.warn({ err, consumer: name, eventId: row.event_id, attempts }, "a parked event could not be applied");
      const hopeless = failure === "permanent" || failure === "invalid";
      const tried = attempts - this.#policy.inPlace.attemptsMax;
      const nextAttemptInMs = hopeless ? undefined : this.#policy.parkedDelaysMs[Math.max(1, tried)];
      if (nextAttemptInMs === undefined && !(await this.#died(row, failure, err, attempts))) return undefined;
      // As one that comes by its topic: it is in the DLQ, and its key flows on.
      if (hopeless) await removeParked(this.#db, position);
      if (hopeless) return nextOfKey(this.#db, row);
      const state = nextAttemptInMs === undefined ? "dead" : "parked";
      await noteParkedFailure(
        this.#db,
        position,
        { error: reasonOf(err), attempts, nextAttemptInMs: nextAttemptInMs ?? 0 },
        state,
      );
      return undefined;
    }
    if (!row) return undefined;
    for (const tell of afterCommit) tell();
    metrics.retried(name, "parked");
    metrics.handled(name, type, "applied");
    return nextOfKey(this.#db, row);
  }

  async #died(
    row: NonNullable<Awaited<ReturnType<typeof lockParked>>>,
    failure: FailureClass,
    err: unknown,
    attempts: number,
  ): Promise<boolean> {
    const { pauseMs } = await this.#dlq(recordOf(row), "unknown", failure, err, attempts);
    return pauseMs === 0;
  }

  /** A parked event that is replayed is tried where it stands, before those behind it. */
  async #revived(event: Event): Promise<boolean> {
    const { name, order } = this.#options;
    return order === "per key" && (await reviveParked(this.#db, name, event.id));
  }

  #dlq(record: ReceivedRecord, type: string, failure: FailureClass, err: unknown, attempts: number): Promise<Outcome> {
    const made = attemptsOf(record, this.#nowMs()).made + attempts;
    return this.#send(record, this.#options.topics.dlq, type, "dlq", { failure, err, made });
  }

  async #send(
    record: ReceivedRecord,
    to: string,
    type: string,
    result: EventResult,
    why: { failure: FailureClass; err: unknown; made: number; dueMs?: number },
  ): Promise<Outcome> {
    const { name, producer, metrics, log } = this.#options;
    const { failure, err, made, dueMs } = why;
    const nowMs = this.#nowMs();
    const { firstFailedAtMs } = attemptsOf(record, nowMs);
    const attempts = { made, firstFailedAtMs };
    const error = `${err instanceof Error ? err.name : "Error"}: ${reasonOf(err)}`;
    const letter = {
      record,
      to,
      consumer: name,
      failure,
      error,
      attempts,
      nowMs,
      ...(dueMs !== undefined && { dueMs }),
    };
    const { topic, partition, offset } = originOf(record);
    try {
      await producer.send([deadLetterOf(letter)]);
    } catch (failed) {
      log.error({ err: failed, consumer: name, to }, "a failed event could not be put aside: its partition rests");
      return { pauseMs: REST_WITHOUT_DLQ_MS };
    }
    if (result === "dlq")
      log.error(
        { err, consumer: name, topic, partition, offset: String(offset), class: failure },
        "an event went to the DLQ",
      );
    metrics.handled(name, type, result);
    return done(result);
  }
}

function spanOf(consumer: string, { type }: Identified): { name: string; kind: "server" } {
  return { name: `${consumer} ${type}`, kind: "server" };
}
