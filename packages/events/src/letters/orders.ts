// Operators' orders to replay or to discard letters, in the consumer's own database: an order is kept with all that it needs until it is done, so
// that no process that dies can lose it or leave it half done. A row stays after that, without the letter: it knows that the letter is handled
// before everybody who reads the DLQ has seen its mark. Why: design/backend/v2.1-dlq.md.
import { type Database, inTransaction } from "@muster/db";
import { type Selectable, sql } from "kysely";
import type { ReceivedRecord } from "../broker/port.ts";
import type { Handling } from "../consumer/dlq.ts";
import type { LetterOrdersTable, LetterOrderTables } from "../consumer/tables.ts";
import type { Letter } from "./letter.ts";

export type OrderRow = Pick<
  Selectable<LetterOrdersTable>,
  "letter_offset" | "handling" | "actor" | "why" | "ordered_at" | "done_at" | "problem"
>;

export interface NewOrder {
  readonly consumer: string;
  readonly handling: Handling;
  readonly actor: string;
  readonly why: string;
  readonly at: Date;
  /** Also letters that were handled before. */
  readonly again: boolean;
}

/**
 * The last order on this letter. One that was done before the letter came was on another letter, of a DLQ that was lost and made anew: offsets begin
 * at zero again then.
 */
export function orderOn({ offset, record }: Letter, orders: ReadonlyMap<bigint, OrderRow>): OrderRow | undefined {
  const order = orders.get(offset);
  return order && (order.done_at === null || order.ordered_at.getTime() >= record.timestampMs) ? order : undefined;
}

/** What the DLQ says of a letter, corrected by what this table knows already. */
export function stateOf(letter: Letter, order: OrderRow | undefined): Letter["state"] | "ordered" {
  if (!order || order.problem !== "") return letter.state;
  return order.done_at === null ? "ordered" : order.handling;
}

/** Those of these letters for which an order may be given. */
export function orderable<L extends Letter>(
  letters: readonly L[],
  orders: ReadonlyMap<bigint, OrderRow>,
  again: boolean,
): L[] {
  return letters.filter((letter) => {
    const state = stateOf(letter, orderOn(letter, orders));
    return state === "open" || (again && state !== "ordered");
  });
}

/** All of them or none. @returns the offsets of the letters that are ordered now; the others were handled or ordered before */
export async function orderLetters(
  database: Database<LetterOrderTables>,
  letters: readonly Letter[],
  { consumer, handling, actor, why, at, again }: NewOrder,
): Promise<bigint[]> {
  const offsets = letters.map(({ offset }) => offset);
  return inTransaction(
    database,
    async (tx) => {
      const before = await tx
        .selectFrom("letter_orders")
        .select(["letter_offset", "handling", "actor", "why", "ordered_at", "done_at", "problem"])
        .where("consumer", "=", consumer)
        .where("letter_offset", "in", offsets)
        .forUpdate()
        .execute();
      const chosen = orderable(letters, new Map(before.map((row) => [row.letter_offset, row])), again);
      if (chosen.length === 0) return [];
      const chosenOffsets = chosen.map(({ offset }) => offset);
      await tx
        .deleteFrom("letter_orders")
        .where("consumer", "=", consumer)
        .where("letter_offset", "in", chosenOffsets)
        .execute();
      // One by one: together they may be more than the database takes in one statement.
      for (const { offset, record } of chosen) {
        const { value, ...rest } = record;
        await tx
          .insertInto("letter_orders")
          .values({
            consumer,
            letter_offset: offset,
            handling,
            actor,
            why,
            ordered_at: at,
            record: JSON.stringify({ ...rest, offset: String(offset) }),
            value,
            taken_by: null,
            taken_until: null,
            done_at: null,
            problem: "",
          })
          .execute();
      }
      return chosenOffsets;
    },
    { repeatable: "order letters" }, // two operators who order the same letters at once: the second one waits, then meets the first one's rows
  );
}

/** By offset. */
export async function ordersOf(
  db: Database<LetterOrderTables>,
  consumer: string,
  offsets: readonly bigint[],
): Promise<Map<bigint, OrderRow>> {
  if (offsets.length === 0) return new Map();
  const rows = await db
    .selectFrom("letter_orders")
    .select(["letter_offset", "handling", "actor", "why", "ordered_at", "done_at", "problem"])
    .where("consumer", "=", consumer)
    .where(
      "letter_offset",
      ">=",
      offsets.reduce((a, b) => (a < b ? a : b)),
    )
    .where(
      "letter_offset",
      "<=",
      offsets.reduce((a, b) => (a > b ? a : b)),
    )
    .execute();
  return new Map(rows.map((row) => [row.letter_offset, row]));
}

export async function countWaitingOrders(db: Database<LetterOrderTables>, consumer: string): Promise<number> {
  const { waiting } = await db
    .selectFrom("letter_orders")
    .select(({ fn }) => fn.countAll<bigint>().as("waiting"))
    .where("consumer", "=", consumer)
    .where("done_at", "is", null)
    .executeTakeFirstOrThrow();
  return Number(waiting);
}

/** As long as a producer tries, or nearly: who takes an order over too early sends it twice, which is one effect. */
const TAKEN_S = 15;

export type TakenOrder = Selectable<LetterOrdersTable>;

/** The first order that waits, and only that one: they are carried out one after the other. Undefined: there is none, or another one is at it. */
export async function takeOrder(
  db: Database<LetterOrderTables>,
  consumer: string,
  by: string,
): Promise<TakenOrder | undefined> {
  const head = await db
    .selectFrom("letter_orders")
    .selectAll()
    .where("consumer", "=", consumer)
    .where("done_at", "is", null)
    .orderBy("position")
    .limit(1)
    .executeTakeFirst();
  if (!head) return undefined;
  const { numUpdatedRows } = await db
    .updateTable("letter_orders")
    .set({ taken_by: by, taken_until: sql`utc_timestamp(6) + interval ${TAKEN_S} second` })
    .where("position", "=", head.position)
    .where("done_at", "is", null)
    .where(({ eb, or }) =>
      or([eb("taken_until", "is", null), eb("taken_until", "<", sql<Date>`utc_timestamp(6)`), eb("taken_by", "=", by)]),
    )
    .executeTakeFirst();
  return numUpdatedRows > 0n ? head : undefined;
}

export function letterRecordOf({ record, value }: TakenOrder): ReceivedRecord {
  const { offset, ...rest } = JSON.parse(record) as Omit<ReceivedRecord, "offset" | "value"> & { offset: string };
  return { ...rest, offset: BigInt(offset), value };
}

/** @param problem why it could not be carried out, and never will; empty if it was */
export async function endOrder(db: Database<LetterOrderTables>, position: bigint, problem = ""): Promise<void> {
  await db
    .updateTable("letter_orders")
    .set({
      done_at: sql`utc_timestamp(6)`,
      taken_by: null,
      taken_until: null,
      record: "",
      value: Buffer.alloc(0),
      problem,
    })
    .where("position", "=", position)
    .execute();
}

/** For as long as the letter is in its DLQ, and longer. */
const KEPT_DAYS = 40;

/** A retention rule: see packages/service. */
export function deleteOldOrders(db: Database<LetterOrderTables>): (rowsMax: number) => Promise<number> {
  return async (rowsMax) => {
    const { numAffectedRows = 0n } = await sql`
      delete from letter_orders where done_at < utc_timestamp(6) - interval ${KEPT_DAYS} day
       order by position limit ${rowsMax}`.execute(db);
    return Number(numAffectedRows);
  };
}
