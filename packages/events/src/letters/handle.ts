// Replays or discards letters: in the audit topic first, then to the consumer, then marked as handled. Whoever is interrupted between these
// has at worst replayed a letter that is not marked: another replay of it is a duplicate, which the consumer's inbox drops.
import { sleep } from "@muster/runtime";
import type { OutgoingRecord, Producer } from "../broker/port.ts";
import { discardOrder, type Handling, markRecord, replayRecord } from "../consumer/dlq.ts";
import type { ConsumerTopics } from "../consumer/options.ts";
import type { Subscription } from "../topics.ts";
import type { Letter } from "./letter.ts";

export interface HandlingOrder {
  readonly handling: Handling;
  readonly subscription: Pick<Subscription, "consumer" | "order">;
  readonly topics: Pick<ConsumerTopics, "replay">;
  readonly auditTopic: string;
  readonly actor: string;
  readonly why: string;
  readonly perSecond: number;
}

/** Letters that are sent together, at most. */
const CHUNK_MAX = 50;
const SECOND_MS = 1000;

/** @returns how many were handled: fewer when `stop` aborts @throws BrokerError */
export async function handleLetters(
  producer: Producer,
  letters: readonly Letter[],
  order: HandlingOrder,
  stop: AbortSignal,
  now: () => Date = () => new Date(),
): Promise<number> {
  const size = Math.min(order.perSecond, CHUNK_MAX);
  let done = 0;
  while (done < letters.length && !stop.aborted) {
    const chunk = letters.slice(done, done + size);
    const at = now().toISOString();
    await producer.send(chunk.map((letter) => auditRecord(letter, order, at)));
    await producer.send(chunk.flatMap((letter) => forConsumer(letter, order)));
    await producer.send(
      chunk.map(({ record }) =>
        markRecord(record, { handling: order.handling, actor: order.actor, at, why: order.why }),
      ),
    );
    done += chunk.length;
    if (done < letters.length) await sleep((chunk.length / order.perSecond) * SECOND_MS, stop);
  }
  return done;
}

function forConsumer({ record }: Letter, { handling, subscription, topics }: HandlingOrder): OutgoingRecord[] {
  if (handling === "replayed") return [replayRecord(record, topics.replay)];
  // Nothing waits for an event of an unordered consumer.
  return subscription.order === "per key" ? [discardOrder(record, topics.replay)] : [];
}

/** One line of the audit: it names the event, and has nothing of its payload. */
export interface AuditLine {
  readonly at: string;
  readonly actor: string;
  readonly action: Handling;
  readonly consumer: string;
  readonly why: string;
  readonly offset: string;
  readonly eventId: string;
  readonly type: string;
  readonly key: string;
  readonly class: string;
  readonly origin: string;
}

function auditRecord(
  letter: Letter,
  { handling, subscription, auditTopic, actor, why }: HandlingOrder,
  at: string,
): OutgoingRecord {
  const { eventId, type, key, failure, origin } = letter;
  const line: AuditLine = {
    at,
    actor,
    action: handling,
    consumer: subscription.consumer,
    why,
    offset: String(letter.offset),
    eventId,
    type,
    key,
    class: failure,
    origin,
  };
  return {
    topic: auditTopic,
    key: subscription.consumer,
    value: Buffer.from(JSON.stringify(line)),
    headers: { "content-type": "application/json" },
  };
}
