// What the console is told of letters that somebody who may write to topics has made as large as they can be.
import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import { DeliveryService } from "@muster/contracts/delivery/v2";
import { createDatabase, type Database, type DbPart, migrate } from "@muster/db";
import { anyDatabase } from "@muster/resilience/testing";
import { anyMethods } from "@muster/resilience/testing";
import { createRpcClient, createRpcServer } from "@muster/rpc";
import { createMetrics } from "@muster/runtime";
import { describeWithMariadb, freshDatabases, LogLines } from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createLetterOrders, type LetterOrderTables } from "../consumer/tables.ts";
import { letterOf } from "../letters/letter.ts";
import type { LetterView } from "../letters/letter-view.ts";
import { SUBSCRIPTIONS } from "../topics.ts";
import { deliveryRpc } from "./rpc.ts";

/** Six characters each, when it is made visible. */
const UNSEEN = "\u202e".repeat(1000);
const NAMES = "ce_id ce_type dlq_class dlq_error dlq_topic dlq_partition dlq_offset dlq_failed_at".split(" ");

describeWithMariadb("the console's view of dead letters", () => {
  const stops: (() => Promise<void> | undefined)[] = [];
  let part: DbPart<LetterOrderTables>;
  beforeAll(async () => {
    const url = (await freshDatabases())["match-service"];
    part = createDatabase<LetterOrderTables>({ url, dependency: anyDatabase(3, { waitMs: 5000, statementMs: 5000 }) });
    stops.push(() => part.stop?.());
    await migrate(part.db, { "1-orders": createLetterOrders });
  });
  afterAll(async () => {
    for (const stop of stops.toReversed()) await stop();
  });

  const deliveryOf = (read: LetterView["read"]): ReturnType<typeof deliveryRpc> => {
    const consumer = {
      subscription: SUBSCRIPTIONS["rating-service"],
      orders: part.db as Database<LetterOrderTables>,
      kafka: { letters: { read } as unknown as LetterView, ask: () => Promise.reject(new Error("not asked")) },
    };
    return deliveryRpc({ db: part.db as never, kafka: async () => undefined, consumer });
  };

  it.each([
    ["that are being read", "letters_being_read", async () => "being read" as const],
    ["of a Kafka that hangs", "kafka_away", () => new Promise<never>(() => undefined)],
  ])("of letters %s says so", async (_what, code, read) => {
    const request = { state: "open", pageSize: 20, afterOffset: -1n } as never;
    const listed = deliveryOf(read).listDeadLetters?.(request, undefined as never);
    await expect(listed).rejects.toMatchObject({ code });
  });

  it("shows all of them, page by page, and each by itself", async () => {
    const letters = Array.from({ length: 50 }, (_, i) =>
      letterOf({
        topic: "dlq",
        partition: 0,
        offset: BigInt(i),
        key: UNSEEN,
        value: Buffer.alloc(1_000_000, 0xff),
        headers: Object.fromEntries([
          ...NAMES.map((name) => [name, UNSEEN]),
          ...Array.from({ length: 100 }, (_, header) => [`${header}${UNSEEN}`, UNSEEN]),
        ]) as Record<string, string>,
        timestampMs: i % 2 ? -9e15 : 9e15,
      }),
    );
    const delivery = deliveryOf(async () => ({
      letters: new Map(letters.map((one) => [one.offset, one])),
      notShown: 0,
    }));
    const server = createRpcServer({
      host: "127.0.0.1",
      port: 0,
      log: new LogLines().logger("test"),
      metrics: createMetrics("test"),
      routes: (router) => router.service(DeliveryService, delivery),
    });
    await server.start?.();
    stops.push(() => server.stop?.());
    const client = createRpcClient({ service: DeliveryService, baseUrl: server.url, dependency: anyMethods(5000) });
    stops.push(() => client.stop?.());
    const seen: bigint[] = [];
    for (let more = true; more; ) {
      const page = await client.call.listDeadLetters({ state: "any", pageSize: 50, afterOffset: seen.at(-1) ?? -1n });
      seen.push(...page.letters.map(({ offset }) => offset));
      for (const { failedAt } of page.letters)
        expect(timestampDate(failedAt as Timestamp).toISOString()).toMatch(/^(1970|9999)-/);
      more = page.more;
    }
    expect(seen).toEqual(letters.map(({ offset }) => offset));
    const one = await client.call.getDeadLetter({ offset: 7n });
    expect(one.letter?.offset).toBe(7n);
    expect(Buffer.from(one.payload, "base64")).toEqual(Buffer.alloc(64 * 1024, 0xff));
    expect(Object.keys(one.headers)).not.toEqual([]);
  });
});
