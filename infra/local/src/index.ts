// What the test kit and the tools use of the local stack.
export { createEnvironment, type LocalEnvironment, loadEnvironment, localUrl, portsFrom } from "./environment.ts";
export { makeFolders } from "./folders.ts";
export { findMariadb, inPath, type MariadbServer, mariadbSettings, startMariadb } from "./mariadb.ts";
export { KAFKA_START_MS, type KafkaOptions, type KafkaServer, startKafka } from "./kafka.ts";
export { findKafka, kafkaLib } from "./kafka-jars.ts";
export { KAFKA_JAVA_ARGS, kafkaProperties } from "./kafka-properties.ts";
export { untilKafkaReady } from "./kafka-ready.ts";
export { kafkaSettings, usesPrivateKafka } from "./kafka-brokers.ts";
export { type Certificate, localCertificate } from "./certificate.ts";
export { readIngressGateways, reloadNginx, writeIngressGateways } from "./ingress-gateways.ts";
export { type IngressLimits, ingressLimits, ingressShortages } from "./ingress-limits.ts";
export { findNginx, type NginxServer, startNginx } from "./nginx.ts";
export { paths } from "./paths.ts";
export { type Infrastructure, startInfrastructure } from "./infrastructure.ts";
export { databaseVariables, provision } from "./provision.ts";
export * from "./services.ts";
export { type Child, spawnChild } from "./child.ts";
export { answers, freePort, waitForPort } from "./ports.ts";
