// For admins: outboxes, consumers' lag, and dead letters. Each service answers for its own.
import type { Client } from "@connectrpc/connect";
import type {
  ConsumerDelivery,
  DeadLetter,
  DeliveryService,
  GetDeliveryResponse,
  HandleDeadLettersResponse,
} from "@muster/contracts/delivery/v2";
import { AppError, must } from "@muster/errors";
import type { Call, Clients, Handlers, Schemas } from "./handler.ts";
import { actorOf, ordered, permit } from "./operator.ts";
import { isoTime } from "./times.ts";

type Handling = "replayDeadLetters" | "discardDeadLetters";
type Letter = Schemas["DeadLetter"];
type ServiceDelivery = Schemas["EventDelivery"]["services"][number];

export const eventHandlers: Handlers<"getEventDelivery" | "listDeadLetters" | "getDeadLetter" | Handling> = {
  async getEventDelivery(call, clients) {
    await permit(call, "getEventDelivery", clients);
    const services = await Promise.all(
      Object.entries(clients.delivery).map(([service, client]) => deliveryOf(service, client)),
    );
    return { status: 200, body: { services } };
  },

  async listDeadLetters(call, clients) {
    await permit(call, "listDeadLetters", clients);
    const { state, limit, after } = call.query;
    const { letters, more, open, notShown } = await consumerOf(call, clients).listDeadLetters({
      state: must(state, "it has a default"),
      pageSize: must(limit, "it has a default"),
      afterOffset: after === undefined ? -1n : BigInt(after),
    });
    return { status: 200, body: { letters: letters.map(letterJson), more, open, notShown } };
  },

  async getDeadLetter(call, clients) {
    await permit(call, "getDeadLetter", clients);
    const offset = BigInt(call.params.offset);
    const { letter, headers, payload, base64 } = await consumerOf(call, clients).getDeadLetter({ offset });
    const found = letterJson(must(letter, "a service sends the letter"));
    return { status: 200, body: { letter: found, headers, payload, base64 } };
  },

  replayDeadLetters: (call, clients) =>
    handle(call, "replayDeadLetters", { ...call.body, again: call.body.again ?? false }, clients),
  discardDeadLetters: (call, clients) => handle(call, "discardDeadLetters", { ...call.body, again: false }, clients),
};

interface Asked {
  readonly offsets: readonly number[];
  readonly reason: string;
  readonly again: boolean;
}

async function handle(
  call: Call<Handling>,
  operation: Handling,
  { offsets, reason, again }: Asked,
  clients: Clients,
): Promise<{ status: 200; body: Schemas["LettersOrdered"] }> {
  const request = {
    actorId: actorOf(call),
    handling: operation === "replayDeadLetters" ? "replayed" : "discarded",
    offsets: offsets.map(BigInt),
    reason,
    again,
  };
  const send = (dryRun: boolean): Promise<HandleDeadLettersResponse> =>
    consumerOf(call, clients).handleDeadLetters({ ...request, dryRun });
  const target = lettersText(call.params.consumer, offsets);
  const order = { operation, target, reason, check: () => send(true), act: () => send(false) };
  const { ordered: count, done, leftOut } = await ordered(call, order, clients);
  return { status: 200, body: { ordered: count, done, leftOut } };
}

function consumerOf(
  call: Call<"listDeadLetters" | "getDeadLetter" | Handling>,
  { delivery }: Clients,
): Client<typeof DeliveryService> {
  return must(delivery[call.params.consumer], "the contract lists the consumers");
}

const TARGET_CHARS_MAX = 64;

/** For the audit log; each letter by itself is in the consumer's audit topic. */
export function lettersText(consumer: string, offsets: readonly number[]): string {
  const inOrder = offsets.toSorted((a, b) => a - b);
  const all = `${consumer} ${inOrder.join(",")}`;
  return all.length <= TARGET_CHARS_MAX
    ? all
    : `${consumer} ${inOrder[0]} to ${inOrder.at(-1)} (${inOrder.length} letters)`;
}

/** A page about what is wrong must not fail because something is. */
async function deliveryOf(service: string, client: Client<typeof DeliveryService>): Promise<ServiceDelivery> {
  try {
    return { service, ...deliveryJson(await client.getDelivery({})) };
  } catch (err) {
    if (!(err instanceof AppError)) throw err;
    return { service, problem: err.message };
  }
}

function deliveryJson(said: GetDeliveryResponse): Omit<ServiceDelivery, "service"> {
  const { outboxWaiting: waiting, outboxOldestMs, kafkaProblem, consumer } = said;
  return {
    ...(kafkaProblem !== "" && { kafka: kafkaProblem }),
    outbox: { waiting, ...(waiting > 0 && { oldestMs: Number(outboxOldestMs) }) },
    ...(consumer && { consumer: consumerJson(consumer) }),
  };
}

function consumerJson({
  consumer,
  ordered: inOrder,
  topics,
  lettersOrdered,
}: ConsumerDelivery): Schemas["ConsumerDelivery"] {
  return {
    consumer,
    ordered: inOrder,
    topics: topics.map(({ topic, partitions, waiting, waitingMost, records }) => ({
      topic,
      partitions,
      waiting: Number(waiting),
      waitingMost: Number(waitingMost),
      records: Number(records),
    })),
    lettersOrdered,
  };
}

function letterJson(letter: DeadLetter): Letter {
  const { state, eventId, type, key, failure, error, attempts, origin, payloadBytes } = letter;
  const { handledBy, handledAt, handledWhy, problem } = letter;
  return {
    offset: Number(letter.offset),
    state: state as Letter["state"],
    eventId,
    type,
    key,
    failure,
    error,
    attempts,
    failedAt: isoTime(letter.failedAt),
    origin,
    payloadBytes,
    ...(handledBy !== "" && { handledBy, handledWhy }),
    ...(handledAt && { handledAt: isoTime(handledAt) }),
    ...(problem !== "" && { problem }),
  };
}
