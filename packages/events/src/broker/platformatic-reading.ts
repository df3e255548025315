// Reads the partitions that a member has in one generation of its group, and hands their batches to the handler.
import type { Logger } from "@muster/log";
import { sleep } from "@muster/runtime";
import {
  type BaseOptions,
  type ClusterMetadata,
  ConnectionPool,
  FetchIsolationLevels,
  type fetchV17,
  type Admin as LibraryAdmin,
} from "@platformatic/kafka";
import { untilStop } from "./at-most.ts";
import { brokerError, request } from "./platformatic-calls.ts";
import type { Generation, Membership } from "./platformatic-membership.ts";
import { offsetAfter, recordsOf } from "./platformatic-records.ts";
import { FETCH_BYTES_MAX, heartbeatMs, SESSION_MS } from "./consumer-defaults.ts";
import type { Batch, ConsumerOptions, ReceivedRecord } from "./port.ts";

/** Of all partitions of one fetch. */
const RESPONSE_BYTES_MAX = 10 * 1024 * 1024;
/** How long a fetch waits for records when there are none. */
const FETCH_WAIT_MS = 250;
/** The same for a fetch of partitions that have become free while the first one waits: they join that one afterwards. */
const SECOND_FETCH_WAIT_MS = 50;
/** The next fetch waits so long for the handlers of the last one: most are quick, and then it has all partitions in it again. */
const TOGETHER_MS = 20;
const RETRY_FIRST_MS = 50;
const RETRY_MS_MAX = 1000;
/** After a handler that threw: it should not have. */
const REST_AFTER_THROW_MS = 1000;
const EARLIEST = -2n;
const LATEST = -1n;
const OFFSET_OUT_OF_RANGE = 1;

interface Partition {
  readonly topic: string;
  readonly partition: number;
  /** Of the next record. */
  position: bigint;
  /** Busy while its records wait or are handled. */
  state: "free" | "fetching" | "busy" | "resting";
  /** When its handler last spoke; undefined while none runs. */
  spokeAt: number | undefined;
}

interface Fetched {
  readonly of: Partition;
  readonly records: readonly ReceivedRecord[];
  readonly end: bigint;
}

export interface ReadingOptions {
  readonly client: LibraryAdmin;
  readonly base: BaseOptions;
  readonly membership: Membership;
  readonly generation: Generation;
  readonly stop: AbortSignal;
  readonly options: ConsumerOptions;
  readonly log: Logger;
}

export class Reading {
  readonly #parts: ReadingOptions;
  readonly #sessionMs: number;
  readonly #heartbeatMs: number;
  readonly #partitions: Partition[];
  readonly #waiting: Fetched[] = [];
  readonly #handling = new Set<Promise<void>>();
  readonly #resting = new Set<NodeJS.Timeout>();
  readonly #ended = new AbortController();
  #changed = Promise.withResolvers<void>();
  #firstFetches = false;
  #staleMetadata = false;
  #counts: string | undefined;
  #heartbeatAt = performance.now();
  #heardAt = performance.now();
  #beating: Promise<void> | undefined;

  constructor(parts: ReadingOptions) {
    this.#parts = parts;
    this.#sessionMs = parts.options.sessionMs ?? SESSION_MS;
    this.#heartbeatMs = heartbeatMs(this.#sessionMs);
    this.#partitions = parts.generation.assigned.flatMap(({ topic, partitions }) =>
      partitions.map((partition) => ({ topic, partition, position: -1n, state: "free" as const, spokeAt: undefined })),
    );
  }

  /** As "topic/partition". */
  get partitions(): readonly string[] {
    return this.#partitions.map(({ topic, partition }) => `${topic}/${partition}`).toSorted();
  }

  /** Resolves when the generation is over, or the consumer is to stop, and no handler runs any more. */
  async run(): Promise<void> {
    const { stop, base } = this.#parts;
    const end = (): void => this.#end();
    stop.addEventListener("abort", end, { once: true });
    if (stop.aborted) end();
    const heartbeats = setInterval(() => void this.#heartbeatUnlessSilent(), this.#heartbeatMs);
    // A broker answers the requests of a connection one after another: a fetch that waits would hold up commits, and the other fetch.
    const pools = [
      new ConnectionPool(base.clientId, { ...base }),
      new ConnectionPool(base.clientId, { ...base }),
    ] as const;
    const loops = [this.#fetchLoop(pools[0], true), this.#fetchLoop(pools[1], false)];
    try {
      await new Promise<void>((resolve) => onAbort(this.#ended.signal, resolve));
      // The generation is not over before that: they may still commit.
      while (this.#handling.size > 0) await Promise.all(this.#handling);
    } finally {
      clearInterval(heartbeats);
      stop.removeEventListener("abort", end);
      for (const timer of this.#resting) clearTimeout(timer);
      await Promise.all(pools.map((pool) => pool.close().catch(() => undefined)));
      await Promise.all(loops);
    }
  }

  #end(): void {
    this.#ended.abort();
    this.#notify();
  }

  #notify(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  async #fetchLoop(pool: ConnectionPool, isFirst: boolean): Promise<void> {
    const { signal: ended } = this.#ended;
    let failures = 0;
    while (!ended.aborted) {
      const free = isFirst || this.#firstFetches ? this.#partitions.filter(({ state }) => state === "free") : [];
      if (free.length === 0) {
        await this.#changed.promise;
        continue;
      }
      for (const partition of free) partition.state = "fetching";
      if (isFirst) this.#firstFetches = true;
      try {
        await this.#fetch(pool, free, isFirst ? FETCH_WAIT_MS : SECOND_FETCH_WAIT_MS);
        failures = 0;
      } catch (err) {
        this.#staleMetadata = true;
        if (!ended.aborted) this.#sayFailure(err, ++failures);
        await sleep(Math.min(RETRY_FIRST_MS * 2 ** failures, RETRY_MS_MAX), ended);
      }
      for (const partition of free) if (partition.state === "fetching") partition.state = "free";
      if (isFirst) this.#firstFetches = false;
      this.#notify(); // the other loop, of what this one has set free
      if (isFirst) await this.#untilHandled();
    }
  }

  #sayFailure(err: unknown, failures: number): void {
    const { options, log } = this.#parts;
    const reason = brokerError(err).message;
    // The first one is often only a leader that has moved.
    if (failures === 2) log.warn({ group: options.group, reason }, "no records come from the broker, trying again");
    else log.debug({ group: options.group, reason }, "a fetch failed");
  }

  /** Resolves when no batch is left from the last fetch, but soon. */
  async #untilHandled(): Promise<void> {
    const until = performance.now() + TOGETHER_MS;
    while (this.#handling.size > 0 && !this.#ended.signal.aborted) {
      const leftMs = until - performance.now();
      if (leftMs <= 0) return;
      await Promise.race([this.#changed.promise, sleep(leftMs, this.#ended.signal)]);
    }
  }

  async #fetch(pool: ConnectionPool, free: readonly Partition[], waitMs: number): Promise<void> {
    await this.#findPositions(free.filter(({ position }) => position < 0n));
    const { client, options } = this.#parts;
    const metadata = await client.metadata({ topics: [...options.topics], forceUpdate: this.#staleMetadata });
    this.#staleMetadata = false;
    this.#endIfGrown(metadata);
    const leaderOf = ({ topic, partition }: Partition): number =>
      metadata.topics.get(topic)?.partitions[partition]?.leader ?? -1;
    const fetches = [...Map.groupBy(free, leaderOf)].map(async ([leader, ofLeader]) => {
      const broker = metadata.brokers.get(leader);
      if (!broker)
        throw new Error(`no leader of ${ofLeader.map(({ topic, partition }) => `${topic}/${partition}`).join()}`);
      const topics = [...Map.groupBy(ofLeader, ({ topic }) => topic)].map(([topic, ofTopic]) => ({
        topicId: metadata.topics.get(topic)?.id ?? "",
        partitions: ofTopic.map(({ partition, position }) => ({
          partition,
          currentLeaderEpoch: -1,
          fetchOffset: position,
          lastFetchedEpoch: -1,
          partitionMaxBytes: options.fetchBytesMax ?? FETCH_BYTES_MAX,
        })),
      }));
      const response = await this.#request(pool, broker, waitMs, topics);
      for (const { topicId, partitions } of response.responses) {
        const topic = [...metadata.topics].find(([, { id }]) => id === topicId)?.[0];
        for (const fetched of partitions) {
          const of = ofLeader.find((one) => one.topic === topic && one.partition === fetched.partitionIndex);
          if (of) this.#take(of, fetched);
        }
      }
    });
    const failed = (await Promise.allSettled(fetches)).find(({ status }) => status === "rejected");
    if (failed) throw (failed as PromiseRejectedResult).reason;
    if (this.#staleMetadata) throw new Error("a leader has moved");
  }

  /** Topics with more partitions than before are given out again: the leader of the group does so when its members join. */
  #endIfGrown({ topics }: ClusterMetadata): void {
    const counts = [...topics].map(([topic, known]) => `${topic} ${known?.partitionsCount}`).join();
    this.#counts ??= counts;
    if (counts !== this.#counts) this.#end();
  }

  async #request(
    pool: ConnectionPool,
    broker: { readonly host: string; readonly port: number },
    waitMs: number,
    topics: readonly unknown[],
  ): Promise<fetchV17.FetchResponse> {
    const connection = await pool.get(broker);
    // Without a session, which the broker would have to keep for a set of partitions that changes all the time.
    const args = [waitMs, 1, RESPONSE_BYTES_MAX, FetchIsolationLevels.READ_UNCOMMITTED, 0, -1, topics, [], ""];
    try {
      return await request<fetchV17.FetchResponse>(this.#parts.client, connection, "Fetch", ...args);
    } catch (err) {
      // Thrown when one partition has an error; the others are as good as ever.
      const { response } = err as { response?: fetchV17.FetchResponse };
      if (response?.responses.length) return response;
      throw err;
    }
  }

  #take(of: Partition, fetched: fetchV17.FetchResponse["responses"][number]["partitions"][number]): void {
    if (fetched.errorCode === OFFSET_OUT_OF_RANGE) {
      const { topic, partition, position } = of;
      this.#parts.log.warn({ topic, partition, position: position.toString() }, "there is no such offset any more");
      of.position = -1n;
      return;
    }
    if (fetched.errorCode !== 0) {
      this.#staleMetadata = true;
      return;
    }
    const records = recordsOf(fetched.records ?? [], of);
    if (records.length === 0) {
      // Those that are no one's, like a transaction's end, are passed over.
      const after = offsetAfter(fetched.records ?? []);
      if (after > of.position) of.position = after;
      return;
    }
    of.state = "busy";
    this.#waiting.push({ of, records, end: fetched.highWatermark });
    this.#handleWaiting();
  }

  /** Where the group goes on, or begins. */
  async #findPositions(partitions: readonly Partition[]): Promise<void> {
    if (partitions.length === 0) return;
    const { client, options } = this.#parts;
    const byTopic = [...Map.groupBy(partitions, ({ topic }) => topic)];
    const [ofGroup] = await client.listConsumerGroupOffsets({
      groups: [
        {
          groupId: options.group,
          topics: byTopic.map(([name, all]) => ({ name, partitionIndexes: all.map(({ partition }) => partition) })),
        },
      ],
    });
    const offsetsAt = async (timestamp: bigint): Promise<(one: Partition) => bigint> => {
      const listed = await client.listOffsets({
        topics: byTopic.map(([name, all]) => ({
          name,
          partitions: all.map(({ partition }) => ({ partitionIndex: partition, timestamp })),
        })),
      });
      return ({ topic, partition }) =>
        listed.find(({ name }) => name === topic)?.partitions.find(({ partitionIndex }) => partitionIndex === partition)
          ?.offset ?? -1n;
    };
    const [first, end] = [await offsetsAt(EARLIEST), await offsetsAt(LATEST)];
    for (const one of partitions) {
      const committed =
        ofGroup?.topics
          .find(({ name }) => name === one.topic)
          ?.partitions.find(({ partitionIndex }) => partitionIndex === one.partition)?.committedOffset ?? -1n;
      const isThere = committed >= first(one) && committed <= end(one);
      one.position = isThere ? committed : options.from === "earliest" ? first(one) : end(one);
    }
  }

  #handleWaiting(): void {
    while (this.#handling.size < this.#parts.options.concurrency && !this.#ended.signal.aborted) {
      const next = this.#waiting.shift();
      if (!next) return;
      next.of.spokeAt = performance.now();
      const handling = this.#handle(next).finally(() => {
        next.of.spokeAt = undefined;
        this.#handling.delete(handling);
        this.#handleWaiting();
        this.#notify();
      });
      this.#handling.add(handling);
    }
  }

  async #handle({ of, records, end }: Fetched): Promise<void> {
    const { options, log, membership, generation, stop } = this.#parts;
    const { topic, partition, position } = of;
    const batch: Batch = {
      topic,
      partition,
      records,
      end,
      owned: () => !this.#ended.signal.aborted && performance.now() - this.#heardAt < this.#sessionMs,
      commit: async (offset) => {
        of.spokeAt = performance.now();
        await untilStop(stop, () => membership.commit(generation, { topic, partition, offset }, () => this.#end()));
        this.#heardAt = performance.now();
      },
      heartbeat: async () => {
        of.spokeAt = performance.now();
        if (performance.now() - this.#heartbeatAt >= this.#heartbeatMs) await untilStop(stop, () => this.#heartbeat());
      },
    };
    const { next, pauseMs } = await options.handle(batch).catch((err: unknown) => {
      if (batch.owned()) log.error({ err, topic, partition }, "a handler of batches failed");
      else log.debug({ err, topic, partition }, "a handler failed after its partition was taken away");
      return { next: position, pauseMs: REST_AFTER_THROW_MS };
    });
    of.position = next;
    if (pauseMs <= 0) of.state = "free";
    else this.#rest(of, pauseMs);
  }

  #rest(partition: Partition, ms: number): void {
    partition.state = "resting";
    const timer = setTimeout(() => {
      this.#resting.delete(timer);
      partition.state = "free";
      this.#notify();
    }, ms);
    this.#resting.add(timer);
  }

  /** A member whose handler hangs is to lose its partitions: it does not say that it lives. */
  async #heartbeatUnlessSilent(): Promise<void> {
    const silentSince = performance.now() - this.#heartbeatMs;
    if (this.#partitions.some(({ spokeAt }) => spokeAt !== undefined && spokeAt < silentSince)) return;
    await this.#heartbeat();
  }

  #heartbeat(): Promise<void> {
    this.#beating ??= this.#sendHeartbeat().finally(() => {
      this.#beating = undefined;
    });
    return this.#beating;
  }

  async #sendHeartbeat(): Promise<void> {
    const { membership, generation, log, options } = this.#parts;
    const sentAt = performance.now();
    this.#heartbeatAt = sentAt;
    try {
      const loss = await membership.heartbeat(generation);
      if (!loss) {
        this.#heardAt = sentAt;
        return;
      }
      log.debug({ group: options.group, loss }, "a generation of the group is over");
      this.#end();
    } catch (err) {
      // It may be over or not; the next one tells.
      log.debug({ err, group: options.group }, "a heartbeat failed");
    }
  }
}

function onAbort(signal: AbortSignal, call: () => void): void {
  if (signal.aborted) call();
  else signal.addEventListener("abort", call, { once: true });
}
