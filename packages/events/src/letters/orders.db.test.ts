// Orders on dead letters, in the consumer's database: what is stored of them, and which letter they are of.
import { createDatabase, type DbPart, migrate } from "@muster/db";
import { anyDatabase } from "@muster/resilience/testing";
import { describeWithMariadb, freshDatabases, loseDeadlocks } from "@muster/testkit";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { ReceivedRecord } from "../broker/port.ts";
import { createLetterOrders, type LetterOrderTables } from "../consumer/tables.ts";
import { PAYLOAD_BYTES_MAX } from "../contract/envelope.ts";
import { type Letter, letterOf } from "./letter.ts";
import {
  endOrder,
  letterRecordOf,
  type NewOrder,
  orderLetters,
  orderOn,
  ordersOf,
  stateOf,
  takeOrder,
} from "./orders.ts";

describeWithMariadb("an order on dead letters", () => {
  let part: DbPart<LetterOrderTables>;
  beforeAll(async () => {
    const url = (await freshDatabases())["match-service"];
    part = createDatabase<LetterOrderTables>({ url, dependency: anyDatabase(3, { waitMs: 5000, statementMs: 5000 }) });
    // Twice, as every migration may be run.
    await migrate(part.db, { "1-orders": createLetterOrders, "2-orders": createLetterOrders });
    loseDeadlocks();
  });
  afterAll(() => part.stop?.());

  it("is kept with as many letters at once as an operator may choose, each as large as letters are", async () => {
    const consumer = "large";
    const value = Buffer.alloc(PAYLOAD_BYTES_MAX, "'");
    const letters = Array.from({ length: 50 }, (_, i) => letter(i, { value, headers: { ce_id: '"'.repeat(15_000) } }));
    const ordered = await orderLetters(part.db, letters, newOrder(consumer));
    expect(ordered).toHaveLength(50);
    const taken = await takeOrder(part.db, consumer, "me");
    expect(letterRecordOf(taken as NonNullable<typeof taken>)).toEqual((letters[0] as Letter).record);
  });

  it("is of that letter only, not of the one with its offset in a DLQ that was made anew", async () => {
    const consumer = "lost";
    const day = 86_400_000;
    const [before, now] = [letter(7, { timestampMs: Date.now() - 2 * day }), letter(7)];
    await orderLetters(part.db, [before], newOrder(consumer, new Date(Date.now() - day)));
    const states = async (): Promise<unknown[]> => {
      const orders = await ordersOf(part.db, consumer, [7n]);
      return [before, now].map((one) => stateOf(one, orderOn(one, orders)));
    };
    expect(await states()).toEqual(["ordered", "ordered"]); // it still needs its row
    const taken = await takeOrder(part.db, consumer, "me");
    await endOrder(part.db, taken?.position ?? 0n);
    expect(await states()).toEqual(["replayed", "open"]);
    expect(await orderLetters(part.db, [before], newOrder(consumer))).toEqual([]);
    expect(await orderLetters(part.db, [now], newOrder(consumer))).toEqual([7n]);
  });
});

function newOrder(consumer: string, at = new Date()): NewOrder {
  return { consumer, handling: "replayed", actor: uuidv7(), why: "modes are back", at, again: false };
}

function letter(offset: number, record: Partial<ReceivedRecord> = {}): Letter {
  return letterOf({
    topic: "dlq",
    partition: 0,
    offset: BigInt(offset),
    key: "a player",
    value: Buffer.from("{}"),
    headers: {},
    timestampMs: Date.now(),
    ...record,
  });
}
