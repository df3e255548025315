// How a process finds Kafka: variables of its own, so that each may have credentials of its own. The same names as in infra/services.ts.
import { bool, type ConfigOf, oneOf, secret, text } from "@muster/config";
import type { Logger } from "@muster/log";
import { kafkaOf } from "@muster/resilience";
import { BROKER_CLIENTS, createBroker } from "./broker/broker.ts";
import type { Broker } from "./broker/port.ts";

const FIELDS = {
  KAFKA_BROKERS: text({
    default: "",
    minLength: 0,
    description: "Kafka's brokers, host:port separated by commas; without any, events wait in the outbox",
  }),
  KAFKA_CLIENT: oneOf(BROKER_CLIENTS, {
    default: "kafkajs",
    description: "the library that speaks to Kafka; the members of a consumer group all use the same one",
  }),
  KAFKA_TLS: bool({ default: false, description: "connect to Kafka by TLS" }),
  KAFKA_TLS_CA: text({
    default: "",
    minLength: 0,
    description: "certificates by which those of Kafka's brokers are checked, PEM; without any, those that Node trusts",
  }),
  KAFKA_SASL_MECHANISM: oneOf(["none", "plain", "scram-sha-256", "scram-sha-512"], {
    default: "none",
    description: "how this process authenticates itself to Kafka",
  }),
  KAFKA_SASL_USERNAME: text({ default: "", minLength: 0, description: "its user in Kafka" }),
  KAFKA_SASL_PASSWORD: { ...secret({ description: "its password in Kafka", minLength: 1 }), default: "" },
} as const;

type FieldsOf<P extends string> = { readonly [K in keyof typeof FIELDS as `${P}_${K}`]: (typeof FIELDS)[K] };

export type KafkaConfig = ConfigOf<typeof FIELDS>;

/** Among the own fields of a service's configuration: `kafkaFields("MATCH")` has MATCH_KAFKA_BROKERS. */
export function kafkaFields<const P extends string>(prefix: P): FieldsOf<P> {
  return Object.fromEntries(
    Object.entries(FIELDS).map(([name, field]) => [`${prefix}_${name}`, field]),
  ) as unknown as FieldsOf<P>;
}

/**
 * Connects to nothing yet. Undefined where no broker is configured.
 * @param caller as in the table of packages/resilience, and for the broker's logs
 */
export function brokerOf(config: KafkaConfig, caller: string, log: Logger): Promise<Broker> | undefined {
  const { kafkaBrokers, kafkaClient, kafkaTls: tls, kafkaTlsCa } = config;
  const { kafkaSaslMechanism, kafkaSaslUsername, kafkaSaslPassword } = config;
  const brokers = kafkaBrokers.split(",").flatMap((broker) => broker.trim() || []);
  if (brokers.length === 0) return undefined;
  const sasl =
    kafkaSaslMechanism === "none"
      ? {}
      : { sasl: { mechanism: kafkaSaslMechanism, username: kafkaSaslUsername, password: kafkaSaslPassword } };
  const ca = kafkaTlsCa === "" ? {} : { ca: kafkaTlsCa };
  return createBroker(
    { client: kafkaClient, brokers, clientId: caller, dependency: kafkaOf(caller), tls, ...ca, ...sasl },
    log,
  );
}
