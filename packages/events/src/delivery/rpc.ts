// DeliveryService of one service: what an operator's console may know of its events, and do with its dead letters.
import { create } from "@bufbuild/protobuf";
import { type Timestamp, timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { DeadLetterSchema, type DeadLetter, type DeliveryService } from "@muster/contracts/delivery/v2";
import { type Database, reasonOf } from "@muster/db";
import { countFitting } from "@muster/rpc";
import { cut, printable, sleep } from "@muster/runtime";
import { BrokerError, type PartitionLag } from "../broker/port.ts";
import type { Handling } from "../consumer/dlq.ts";
import type { Letter } from "../letters/letter.ts";
import type { AskAdmin, LetterView } from "../letters/letter-view.ts";
import {
  countWaitingOrders,
  orderOn,
  type OrderRow,
  orderable,
  orderLetters,
  ordersOf,
  stateOf,
} from "../letters/orders.ts";
import type { OutboxTables } from "../outbox/table.ts";
import type { LetterOrderTables } from "../consumer/tables.ts";
import { consumerTopics, type Subscription } from "../topics.ts";
import { fail } from "./errors.ts";
import { topicsOf } from "./lag.ts";
import { waitingInOutbox } from "./outbox.ts";

export interface ConsumerParts {
  readonly subscription: Subscription;
  readonly orders: Database<LetterOrderTables>;
  /** Absent where no broker is configured. */
  readonly kafka?: { readonly letters: LetterView; readonly ask: AskAdmin };
}

export interface DeliveryParts {
  readonly db: Database<OutboxTables>;
  /** Why Kafka cannot be asked. */
  readonly kafka: () => Promise<string | undefined>;
  readonly consumer?: ConsumerParts;
  readonly now?: () => Date;
}

const PAGE_DEFAULT = 20;
/** Less than a request of edge-api may take. */
const ANSWER_WITHIN_MS = 1200;
/** Sooner, so that letters which are being read are told from a Kafka that does not answer. */
const READ_WITHIN_MS = 1000;
/** How long an order waits for its effect, so that its answer can say so. */
const DONE_WITHIN_MS = 1500;
const TEXT_CHARS = 128;
const ERROR_CHARS = 512;
const HEADERS_MAX = 64;
const HEADERS_BYTES_SHOWN = 32 * 1024;
const PAYLOAD_BYTES_SHOWN = 64 * 1024;

/** Without `consumer` it has the first call only. */
export function deliveryRpc(parts: DeliveryParts): Partial<ServiceImpl<typeof DeliveryService>> {
  const { db, kafka, consumer } = parts;
  return {
    async getDelivery() {
      const { waiting, oldestMs } = await waitingInOutbox(db);
      const { partitions, problem } = await lagOf(kafka, consumer);
      return {
        outboxWaiting: waiting,
        outboxOldestMs: BigInt(oldestMs),
        kafkaProblem: problem,
        ...(consumer && {
          consumer: {
            consumer: consumer.subscription.consumer,
            ordered: consumer.subscription.order === "per key",
            topics: topicsOf(partitions),
            lettersOrdered: await countWaitingOrders(consumer.orders, consumer.subscription.consumer),
          },
        }),
      };
    },
    ...(consumer && lettersRpc(consumer, parts.now ?? (() => new Date()))),
  };
}

function lettersRpc(
  { subscription, kafka, orders }: ConsumerParts,
  now: () => Date,
): Pick<ServiceImpl<typeof DeliveryService>, "listDeadLetters" | "getDeadLetter" | "handleDeadLetters"> {
  const { consumer } = subscription;

  const read = async (): Promise<{ letters: readonly Letter[]; notShown: number }> => {
    if (!kafka) throw fail("kafka_off");
    let found: Awaited<ReturnType<LetterView["read"]>> | undefined;
    try {
      found = await within(ANSWER_WITHIN_MS, kafka.letters.read(READ_WITHIN_MS));
    } catch (err) {
      if (err instanceof BrokerError) throw fail("kafka_away", { cause: err });
      throw err;
    }
    if (!found) throw fail("kafka_away");
    if (found === "being read") throw fail("letters_being_read");
    return { letters: [...found.letters.values()], notShown: found.notShown };
  };

  const lettersAt = async (offsets: readonly bigint[]): Promise<Letter[]> => {
    const { letters } = await read();
    const wanted = new Set(offsets);
    const found = letters.filter(({ offset }) => wanted.has(offset));
    if (found.length < wanted.size) throw fail("letter_not_found");
    return found;
  };

  return {
    async listDeadLetters({ state, pageSize, afterOffset }) {
      const { letters, notShown } = await read();
      const known = await ordersOf(
        orders,
        consumer,
        letters.map(({ offset }) => offset),
      );
      const withState = letters.map((letter) => ({ letter, order: orderOn(letter, known) }));
      const of = (wanted: string): typeof withState =>
        withState.filter(({ letter, order }) => wanted === "any" || stateOf(letter, order) === wanted);
      const wanted = of(state).filter(({ letter }) => letter.offset > afterOffset);
      const page = wanted.slice(0, pageSize || PAGE_DEFAULT).map(({ letter, order }) => letterMessage(letter, order));
      const fitting = countFitting(DeadLetterSchema, page);
      return {
        letters: page.slice(0, fitting),
        more: wanted.length > fitting,
        open: of("open").length,
        notShown,
      };
    },

    async getDeadLetter({ offset }) {
      const [letter] = (await lettersAt([offset])) as [Letter];
      const known = await ordersOf(orders, consumer, [offset]);
      return {
        letter: letterMessage(letter, orderOn(letter, known)),
        headers: headersOf(letter),
        ...payloadOf(letter.record.value),
      };
    },

    async handleDeadLetters({ actorId, handling, offsets, reason, again, dryRun }) {
      const order = { consumer, handling: handling as Handling, actor: actorId, why: reason, at: now(), again };
      const asked = await lettersAt(offsets);
      if (dryRun) {
        const chosen = orderable(asked, await ordersOf(orders, consumer, offsets), again);
        if (chosen.length === 0) throw fail("letters_handled");
        return { ordered: chosen.length, leftOut: asked.length - chosen.length };
      }
      const ordered = await orderLetters(orders, asked, order);
      if (ordered.length === 0) throw fail("letters_handled");
      const done = await doneOf(ordered);
      return { ordered: ordered.length, done, leftOut: asked.length - ordered.length };
    },
  };

  async function doneOf(ordered: readonly bigint[]): Promise<number> {
    const until = performance.now() + DONE_WITHIN_MS;
    for (;;) {
      const rows = await ordersOf(orders, consumer, ordered);
      const done = ordered.filter((offset) => {
        const row = rows.get(offset);
        return row !== undefined && row.done_at !== null && row.problem === "";
      });
      if (done.length === ordered.length || performance.now() > until) return done.length;
      await sleep(100);
    }
  }
}

async function lagOf(
  kafka: DeliveryParts["kafka"],
  consumer: ConsumerParts | undefined,
): Promise<{ readonly partitions: readonly PartitionLag[]; readonly problem: string }> {
  if (!consumer?.kafka) return { partitions: [], problem: (await kafka()) ?? "" };
  const { subscription, kafka: connected } = consumer;
  const { events, retry, replay } = consumerTopics(subscription);
  try {
    const asked = connected.ask((admin) => admin.lag(subscription.consumer, [...events, ...retry, replay]));
    const partitions = await within(ANSWER_WITHIN_MS, asked);
    return partitions ? { partitions, problem: "" } : { partitions: [], problem: "Kafka does not answer in time" };
  } catch (err) {
    if (err instanceof BrokerError) return { partitions: [], problem: cut(reasonOf(err), ERROR_CHARS) };
    throw err;
  }
}

/** Undefined: not in time. What comes later, also a failure, is nobody's any more. */
async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  const over = new AbortController();
  work.catch(() => undefined);
  try {
    return await Promise.race([work, sleep(ms, over.signal).then(() => undefined)]);
  } finally {
    over.abort();
  }
}

function letterMessage(letter: Letter, order: OrderRow | undefined): DeadLetter {
  const { offset, eventId, type, key, failure, error, attempts, failedAtMs, origin, record, mark } = letter;
  const state = stateOf(letter, order);
  const byOrder = order && order.problem === "" ? { by: order.actor, at: order.ordered_at, why: order.why } : undefined;
  const byMark = mark && { by: mark.actor, at: new Date(mark.at), why: mark.why };
  const handled = state === "open" ? undefined : (byOrder ?? byMark);
  return create(DeadLetterSchema, {
    offset,
    state,
    eventId: shown(eventId),
    type: shown(type),
    key: shown(key),
    failure: shown(failure),
    error: shown(error, ERROR_CHARS),
    attempts: Math.max(0, Math.min(Math.trunc(attempts), 1_000_000)),
    failedAt: timeOf(failedAtMs),
    origin: shown(origin, ERROR_CHARS),
    handledBy: shown(handled?.by ?? ""),
    ...(handled && !Number.isNaN(handled.at.getTime()) && { handledAt: timeOf(handled.at.getTime()) }),
    handledWhy: shown(handled?.why ?? "", ERROR_CHARS),
    problem: order?.problem ?? "",
    payloadBytes: record.value.length,
  });
}

const LAST_MS = Date.UTC(9999, 11, 31);

/** Whoever may write to a topic chooses these. */
function timeOf(ms: number): Timestamp {
  return timestampFromMs(Math.max(0, Math.min(ms, LAST_MS)));
}

function shown(text: string, chars = TEXT_CHARS): string {
  return printable(cut(text, chars));
}

/** The first ones. */
function headersOf({ record }: Letter): Record<string, string> {
  const headers: Record<string, string> = {};
  let bytes = 0;
  for (const [name, value] of Object.entries(record.headers).slice(0, HEADERS_MAX)) {
    const [shownName, shownValue] = [shown(name), shown(value, ERROR_CHARS)];
    bytes += Buffer.byteLength(shownName) + Buffer.byteLength(shownValue);
    if (bytes > HEADERS_BYTES_SHOWN) break;
    headers[shownName] = shownValue;
  }
  return headers;
}

function payloadOf(value: Buffer): { payload: string; base64: boolean } {
  const part = value.subarray(0, PAYLOAD_BYTES_SHOWN);
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(part, { stream: true });
    return { payload: text, base64: false };
  } catch {
    return { payload: part.toString("base64"), base64: true };
  }
}
