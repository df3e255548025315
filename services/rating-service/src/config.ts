import { bool, oneOf, text } from "@muster/config";
import { type ConfigFrom, databaseConfig } from "@muster/service/database";

export const configuration = databaseConfig(
  "RATING",
  { grpcPort: 7270, adminPort: 7271 },
  {
    RATING_KAFKA_BROKERS: text({
      default: "",
      description: "host:port of Kafka's brokers, separated by commas; empty: there is no Kafka",
    }),
    RATING_KAFKA_TLS: bool({ default: false, description: "whether the brokers want TLS" }),
    RATING_KAFKA_SASL_MECHANISM: oneOf(["none", "plain", "scram-sha-256", "scram-sha-512"], {
      default: "none",
      description: "how to log in to Kafka",
    }),
    RATING_KAFKA_SASL_USERNAME: text({ default: "", description: "for Kafka" }),
    RATING_KAFKA_SASL_PASSWORD: { ...text({ default: "", description: "for Kafka" }), secret: true },
  },
);
export const { fields, read: readConfig } = configuration;
export type Config = ConfigFrom<typeof configuration>;
