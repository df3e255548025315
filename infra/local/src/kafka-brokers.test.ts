// Which Kafka a process is told of.
import { afterEach, expect, it, vi } from "vitest";
import { kafkaSettings } from "./kafka-brokers.ts";
import { findKafka } from "./kafka-jars.ts";
import { kafkaVariables, type ServiceRow } from "./services.ts";

const env = { MUSTER_KAFKA_PORT: "7292" };
const row: ServiceRow = { name: "news", prefix: "NEWS", does: "tells", port: 7270, speaks: "grpc", calls: {} };

afterEach(() => vi.unstubAllEnvs());

it("the one that the environment names comes before the private one, with what it takes to get in", () => {
  vi.stubEnv("MUSTER_KAFKA_BROKERS", "kafka-1:9093,kafka-2:9093");
  vi.stubEnv("MUSTER_KAFKA_TLS", "true");
  vi.stubEnv("MUSTER_KAFKA_SASL_PASSWORD", "");
  const settings = { MUSTER_KAFKA_BROKERS: "kafka-1:9093,kafka-2:9093", MUSTER_KAFKA_TLS: "true" };
  expect(kafkaSettings(env)).toEqual(settings);
  expect(kafkaVariables({ ...row, kafka: true }, settings)).toEqual({
    NEWS_KAFKA_BROKERS: "kafka-1:9093,kafka-2:9093",
    NEWS_KAFKA_TLS: "true",
  });
  expect(kafkaVariables(row, settings), "one that does not use Kafka").toEqual({});
});

it("otherwise it is the private one, if it is installed, and else none", () => {
  vi.stubEnv("MUSTER_KAFKA_BROKERS", "");
  expect(kafkaSettings(env)).toEqual(findKafka() ? { MUSTER_KAFKA_BROKERS: "127.0.0.1:7292" } : {});
  vi.stubEnv("XDG_CACHE_HOME", "/nowhere");
  expect(kafkaSettings(env)).toEqual({});
  expect(kafkaVariables({ ...row, kafka: true }, {})).toEqual({});
});
