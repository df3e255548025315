// How our Kafka runs, wherever it does: one node, broker and controller in one process, small.

const MIB = 1024 * 1024;

/** About 150 MiB resident when idle. The first compiler only: the second costs more than it brings in a process that is mostly idle. */
export const KAFKA_JAVA_ARGS: readonly string[] = [
  "-Xms64m",
  "-Xmx256m",
  "-XX:+UseSerialGC",
  "-XX:TieredStopAtLevel=1",
  "-XX:+ExitOnOutOfMemoryError",
  "-Duser.timezone=UTC",
  ...slf4jArgs({
    defaultLogLevel: "warn",
    // Warns of every start.
    "log.org.apache.kafka.controller.QuorumController": "error",
    // Warns of every stop.
    "log.org.apache.kafka.clients.NetworkClient": "error",
    showDateTime: "true",
    dateTimeFormat: "HH:mm:ss.SSS",
    levelInBrackets: "true",
    showThreadName: "false",
    showShortLogName: "true",
  }),
];

function slf4jArgs(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).map(([name, value]) => `-Dorg.slf4j.simpleLogger.${name}=${value}`);
}

export interface KafkaListeners {
  readonly dataDir: string;
  /** An address, or a host's name. */
  readonly listen: string;
  readonly port: number;
  /** Where clients find that port, if somewhere else. Absent: at `listen`. */
  readonly advertised?: string;
  /** Between the two halves of the process only. */
  readonly controllerPort: number;
  /** One more, by TLS with SASL (PLAIN): clients find it at `localhost`. */
  readonly secure?: SecureListener;
}

export interface SecureListener {
  readonly port: number;
  /** A file with a private key (PKCS #8) and its certificates, PEM. */
  readonly keyFile: string;
  /** Passwords by user: letters and digits only. */
  readonly users: Readonly<Record<string, string>>;
}

/** The text of a broker's file of properties. */
export function kafkaProperties(options: KafkaListeners): string {
  const { dataDir, listen, port, advertised, controllerPort, secure } = options;
  const also = secure ? `,SECURE://localhost:${secure.port}` : "";
  const properties: Readonly<Record<string, string | number>> = {
    "process.roles": "broker,controller",
    "node.id": 1,
    "controller.quorum.voters": `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://${listen}:${port},CONTROLLER://127.0.0.1:${controllerPort}${also}`,
    "advertised.listeners": `PLAINTEXT://${advertised ?? `${listen}:${port}`}${also}`,
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL",
    ...(secure && secureProperties(secure)),
    "inter.broker.listener.name": "PLAINTEXT",
    "log.dirs": dataDir,
    "auto.create.topics.enable": "false",
    "group.initial.rebalance.delay.ms": 0,
    // One of everything: the coordinators have loaded when one partition has.
    "offsets.topic.num.partitions": 1,
    "offsets.topic.replication.factor": 1,
    "transaction.state.log.num.partitions": 1,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "share.coordinator.state.topic.num.partitions": 1,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    // After a crash the controller takes the new process only when the session of the old one is over: 9 s by default.
    "broker.heartbeat.interval.ms": 300,
    "broker.session.timeout.ms": 1500,
    "metadata.max.idle.interval.ms": 5000,
    "num.network.threads": 2,
    "num.io.threads": 4,
    "background.threads": 2,
    "group.coordinator.threads": 1,
    "log.cleaner.threads": 1,
    // Allocated at the start, 128 MiB by default.
    "log.cleaner.dedupe.buffer.size": 4 * MIB,
    "log.segment.bytes": 16 * MIB,
    "log.index.size.max.bytes": MIB,
    "offsets.topic.segment.bytes": 4 * MIB,
    "transaction.state.log.segment.bytes": 4 * MIB,
    "share.coordinator.state.topic.segment.bytes": 4 * MIB,
  };
  const lines = Object.entries(properties).map(([name, value]) => `${name}=${escaped(String(value))}\n`);
  return `# Written at each start of the local stack.\n${lines.join("")}`;
}

function secureProperties({ keyFile, users }: SecureListener): Record<string, string> {
  const of = (setting: string): string => `listener.name.secure.${setting}`;
  const accounts = Object.entries(users).map(([name, password]) => `user_${name}="${password}"`);
  return {
    "sasl.enabled.mechanisms": "PLAIN",
    [of("ssl.keystore.type")]: "PEM",
    [of("ssl.keystore.location")]: keyFile,
    [of("plain.sasl.jaas.config")]:
      `org.apache.kafka.common.security.plain.PlainLoginModule required ${accounts.join(" ")};`,
  };
}

/** Java reads a file of properties as Latin-1, in which a backslash begins an escape. */
function escaped(value: string): string {
  const unit = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return value.replaceAll("\\", "\\\\").replaceAll(/[^\x20-\x7e]/g, unit);
}
