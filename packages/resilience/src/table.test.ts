import { expect, it } from "vitest";
import { backoffMs, isNone } from "./row.ts";
import { dependencyRows, DEPENDENCIES, databaseOf, kafkaOf } from "./table.ts";
import { nameOf } from "./row.ts";

const rows = dependencyRows().map((row) => [nameOf(row), row] as const);

it.each(rows)("%s: its times fit into each other, and whatever it does without has a reason", (_name, row) => {
  expect(row.floorMs).toBeLessThan(row.tryMs);
  if (row.kind !== "shard link") expect(row.tryMs).toBeLessThanOrEqual(row.totalMs);
  expect(row.connectMs).toBeLessThanOrEqual(3000);
  expect(row.bulkhead).toBeGreaterThan(0);
  expect(row.bulkhead).toBeLessThan(Infinity);
  for (const part of [row.backoff, row.retryBudget, row.breaker])
    if (isNone(part)) expect(part.none.length).toBeGreaterThan(5);
  if (row.queue) {
    expect(row.queue.because.length).toBeGreaterThan(20);
    expect(row.queue.max).toBeLessThan(Infinity);
  }
  if (!isNone(row.retryBudget)) expect(row.retryBudget.share).toBe(0.1);
  if (!isNone(row.breaker)) expect(row.breaker.volume).toBeGreaterThanOrEqual(20);
  // Where a second try is allowed after one that took too long, there is time for it.
  if (row.kind === "grpc unary" && row.idempotent && row.builtWhen === undefined)
    expect(row.tryMs * 2).toBeLessThanOrEqual(row.totalMs + row.tryMs);
  // A library retries by its own rules; our own calls have full jitter.
  if (row.kind === "grpc unary") expect(row.backoff).toMatchObject({ jitter: "full" });
});

it("events are sheddable, and what a match cannot be stored without is not", () => {
  for (const [, row] of rows.filter(([, { kind }]) => kind === "kafka consumer"))
    expect(row.criticality).toBe("sheddable");
  expect(DEPENDENCIES.shard["match-service"]["repeatable writes"].criticality).toBe("critical-plus");
});

it("a delay doubles up to the longest, and full jitter goes down to nothing", () => {
  const backoff = { firstMs: 10, maxMs: 30, jitter: "full" } as const;
  expect([1, 2, 3, 9].map((attempt) => backoffMs(backoff, attempt, () => 1))).toEqual([10, 20, 30, 30]);
  expect(backoffMs(backoff, 3, () => 0)).toBe(0);
  expect(backoffMs({ ...backoff, jitter: "half" }, 1, () => 0)).toBe(5);
  expect(backoffMs({ none: "one attempt" }, 1)).toBe(0);
});

it("a process that the table gives no database or no Kafka gets none", () => {
  expect(() => databaseOf("edge-api")).toThrow("gives edge-api no database");
  expect(() => kafkaOf("chat-service")).toThrow("gives chat-service no Kafka");
});
