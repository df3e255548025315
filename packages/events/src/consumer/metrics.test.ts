import { Registry } from "prom-client";
import { expect, it } from "vitest";
import type { Batch, OutgoingRecord, ReceivedRecord } from "../broker/port.ts";
import { markRecord, OpenLetters } from "./dlq.ts";
import { createConsumerMetrics } from "./metrics.ts";

const HOUR_MS = 3_600_000;

async function values(registry: Registry, name: string): Promise<Record<string, number>> {
  const found = (await registry.getMetricsAsJSON()).find((metric) => metric.name === name);
  const all = (found?.values ?? []) as { labels: Record<string, string>; value: number }[];
  return Object.fromEntries(all.map(({ labels, value }) => [Object.values(labels).join(" "), value]));
}

function received(record: Pick<OutgoingRecord, "headers">, offset: number, timestampMs: number): ReceivedRecord {
  return {
    ...record,
    topic: "d",
    partition: 0,
    key: "k",
    value: Buffer.alloc(0),
    offset: BigInt(offset),
    timestampMs,
  };
}

it("the lag grows while nothing happens, and is told of the partitions that this process has now", async () => {
  const registry = new Registry();
  let nowMs = 1000;
  let assigned: string[] | undefined = ["t/0", "t/1"];
  const metrics = createConsumerMetrics(registry, () => nowMs);
  metrics.watch("c", { assigned: () => assigned, dlq: { topic: "d", letters: new OpenLetters(HOUR_MS) } });
  metrics.lag("c", "t/0", 5, 500);
  metrics.resting("c", "t/0", true);
  metrics.lag("c", "t/1", 0, undefined);
  nowMs = 3500;
  expect(await values(registry, "consumer_lag_seconds")).toEqual({ "c t/0": 3, "c t/1": 0 });
  expect(await values(registry, "consumer_lag_records")).toEqual({ "c t/0": 5, "c t/1": 0 });
  assigned = ["t/1"];
  expect(await values(registry, "consumer_lag_seconds")).toEqual({ "c t/1": 0 });
  expect(await values(registry, "consumer_paused")).toEqual({ "c t/1": 0 });
  assigned = undefined;
  expect(await values(registry, "consumer_lag_records")).toEqual({});
  expect(await values(registry, "consumer_partitions")).toEqual({ c: 0 });
});

it("a DLQ has the depth and age of what nobody has handled, and none by a process that does not read it", async () => {
  const registry = new Registry();
  const [nowMs, letters] = [2 * HOUR_MS, new OpenLetters(HOUR_MS)];
  let assigned = ["d/0"];
  const metrics = createConsumerMetrics(registry, () => nowMs);
  metrics.watch("c", { assigned: () => assigned, dlq: { topic: "d", letters } });
  const batchOf = (records: readonly ReceivedRecord[]): Batch => ({ records }) as unknown as Batch;
  const letter = (offset: number, agoMs: number): ReceivedRecord => received({ headers: {} }, offset, nowMs - agoMs);
  const first = letter(4, 90_000);
  const mark = { handling: "replayed", actor: "ann", at: "", why: "" } as const;
  expect(letters.read(batchOf([letter(3, HOUR_MS + 1), first, letter(5, 60_000)]))).toEqual({ next: 6n, pauseMs: 0 });
  expect(await values(registry, "dlq_depth")).toEqual({ c: 2 });
  expect(await values(registry, "dlq_oldest_seconds")).toEqual({ c: 90 });
  letters.read(batchOf([received(markRecord(first, mark), 6, nowMs)]));
  expect(await values(registry, "dlq_depth")).toEqual({ c: 1 });
  expect(await values(registry, "dlq_oldest_seconds")).toEqual({ c: 60 });
  letters.read(batchOf(Array.from({ length: 200_000 }, (_, i) => letter(i + 7, 50_000))));
  expect(await values(registry, "dlq_oldest_seconds"), "of however many").toEqual({ c: 60 });
  assigned = ["t/0"];
  expect(await values(registry, "dlq_depth")).toEqual({});
  assigned = ["d/0"];
  expect(await values(registry, "dlq_depth"), "read again from the beginning").toEqual({ c: 0 });
});
