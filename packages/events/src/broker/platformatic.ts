// The port on @platformatic/kafka: the other adapter, for when KafkaJS fails us. A group may have members of both.
import type { Logger } from "@muster/log";
import { backoffMs, type Dependency, noteBuilt } from "@muster/resilience";
import { type BaseOptions, compatibilityPartitioner, Producer as LibraryProducer } from "@platformatic/kafka";
import { PlatformaticAdmin, probePlatformatic } from "./platformatic-admin.ts";
import { atMost } from "./at-most.ts";
import { GOODBYE_MS } from "./consumer-defaults.ts";
import { kafkaRow } from "./figures.ts";
import { brokerError } from "./platformatic-calls.ts";
import { PlatformaticConsumer } from "./platformatic-consumer.ts";
import type { Broker, BrokerOptions, OutgoingRecord, Producer } from "./port.ts";
import { requestsOf } from "./requests.ts";

const ACKS_ALL = -1;

export function createPlatformaticBroker(options: BrokerOptions, log: Logger): Broker {
  const { dependency } = options;
  const built = (row: Dependency | undefined): BaseOptions => {
    noteBuilt([kafkaRow(row)]);
    return baseOptions(options, kafkaRow(row));
  };
  let probing: BaseOptions | undefined;
  return {
    producer: () => new PlatformaticProducer(built(dependency.producer)),
    consumer: (consumer) => new PlatformaticConsumer(built(dependency.consumer), consumer, log),
    admin: () => new PlatformaticAdmin(built(dependency.admin)),
    probe: () => probePlatformatic((probing ??= built(dependency.probe))),
  };
}

function baseOptions({ brokers, clientId, tls, ca, sasl }: BrokerOptions, row: Dependency): BaseOptions {
  return {
    clientId,
    bootstrapBrokers: [...brokers],
    connectTimeout: row.connectMs,
    timeout: row.tryMs,
    requestTimeout: row.tryMs,
    retries: row.attempts - 1,
    retryDelay: (_client, _operation, attempt) => backoffMs(row.backoff, attempt + 1),
    autocreateTopics: false,
    ...(tls && { tls: ca === undefined ? {} : { ca }, tlsServerName: true }),
    ...(sasl && { sasl: { ...sasl, mechanism: SASL_NAMES[sasl.mechanism] } }),
  };
}

const SASL_NAMES = { plain: "PLAIN", "scram-sha-256": "SCRAM-SHA-256", "scram-sha-512": "SCRAM-SHA-512" } as const;

class PlatformaticProducer implements Producer {
  readonly name = "kafka producer";
  readonly #base: BaseOptions;
  #client: LibraryProducer | undefined;

  constructor(base: BaseOptions) {
    this.#base = base;
  }

  async send(records: readonly OutgoingRecord[]): Promise<void> {
    for (const together of requestsOf(records)) await this.#request(together);
  }

  async stop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await atMost(GOODBYE_MS, client?.close());
  }

  async #request(records: readonly OutgoingRecord[]): Promise<void> {
    this.#client ??= new LibraryProducer({
      ...this.#base,
      idempotent: true,
      partitioner: compatibilityPartitioner, // the same as every other client's; the library's own default differs
    });
    const messages = records.map(({ topic, key, value, headers }) => ({
      topic,
      key: Buffer.from(key),
      value,
      headers: new Map(Object.entries(headers).map(([name, text]) => [Buffer.from(name), Buffer.from(text)])),
    }));
    try {
      await this.#client.send({ messages, acks: ACKS_ALL });
    } catch (err) {
      throw brokerError(err);
    }
  }
}
