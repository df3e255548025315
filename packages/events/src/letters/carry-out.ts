// Carries out operators' orders, one letter after the other: the audit, the replay or the discard, the mark, and then the order is done. Whoever
// dies in between leaves the order, and the next one does all of it again: the same line in the audit, an event that the inbox knows, the same mark.
import { type Database, reasonOf } from "@muster/db";
import type { Logger } from "@muster/log";
import { type Component, createLoop, cut, sleep } from "@muster/runtime";
import { BrokerError, type Producer } from "../broker/port.ts";
import type { LetterOrderTables } from "../consumer/tables.ts";
import { consumerTopics, type Subscription } from "../topics.ts";
import { handleLetters } from "./handle.ts";
import { letterOf } from "./letter.ts";
import { endOrder, letterRecordOf, takeOrder } from "./orders.ts";

export interface OrderRunnerOptions {
  readonly db: Database<LetterOrderTables>;
  readonly producer: Producer;
  readonly subscription: Subscription;
  readonly auditTopic: string;
  /** This process, as no other. */
  readonly owner: string;
  readonly log: Logger;
}

const IDLE_MS = 500;
/** So that a large selection does not keep the consumer from its events. */
const PER_SECOND = 50;
const PROBLEM_CHARS = 512;

export function createOrderRunner(options: OrderRunnerOptions): Component {
  const { subscription, log } = options;
  const name = `orders on dead letters of ${subscription.consumer}`;
  return createLoop({ name, log, maxDelayMs: 5000 }, async (stop) => {
    const did = await carryOutNext(options, stop);
    await sleep(did ? 1000 / PER_SECOND : IDLE_MS, stop);
  });
}

/** @returns whether there was one @throws BrokerError, and the order waits */
export async function carryOutNext(options: OrderRunnerOptions, stop: AbortSignal): Promise<boolean> {
  const { db, producer, subscription, auditTopic, owner, log } = options;
  const taken = await takeOrder(db, subscription.consumer, owner);
  if (!taken) return false;
  const { position, handling, actor, why, ordered_at: at, letter_offset: offset } = taken;
  const about = { consumer: subscription.consumer, offset: String(offset), handling, actor };
  const topics = consumerTopics(subscription);
  const order = { handling, subscription, topics, auditTopic, actor, why, perSecond: PER_SECOND };
  try {
    const done = await handleLetters(producer, [letterOf(letterRecordOf(taken))], order, stop, () => at);
    if (done === 0) return true; // it is to stop: another one does it
  } catch (err) {
    if (!(err instanceof BrokerError) || err.retryable) throw err;
    log.error({ err, ...about }, "an order on a dead letter cannot be carried out: Kafka refuses it");
    await endOrder(db, position, cut(reasonOf(err), PROBLEM_CHARS));
    return true;
  }
  await endOrder(db, position);
  log.info(about, "a dead letter is handled as an operator ordered");
  return true;
}
