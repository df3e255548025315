import { type Fields, text, url } from "@muster/config";

/** A token of HTTP: of any other name Node's error shows the whole text, and with `name:value==` that is the secret. */
const NAME = "[\\w!#$%&'*+.^`|~-]+";
/** Percent-encoded where needed, and then visible ASCII: what no header can have would end the process, or every batch. */
const VALUE = "([^,%]|%[2-6][0-9A-Fa-f]|%7[0-9A-Ea-e])+";

/** The standard variables of OpenTelemetry, as far as we read them. Set for a whole installation: they have no service's prefix. */
export const tracingConfig = {
  OTEL_EXPORTER_OTLP_ENDPOINT: url({
    protocols: ["http:", "https:"],
    default: "",
    description:
      "base URL of the OpenTelemetry collector (OTLP over HTTP, usually port 4318); empty: no spans are recorded",
  }),
  OTEL_EXPORTER_OTLP_HEADERS: {
    ...text({
      default: "",
      pattern: `^(${NAME}=${VALUE}(,${NAME}=${VALUE})*)?$`,
      description: "headers for the collector, `name=value,name=value`, such as a hosted collector's API key",
    }),
    secret: true,
  },
  OTEL_TRACES_SAMPLER_ARG: text({
    default: "1",
    pattern: "^(0|1|0?\\.[0-9]+|1\\.0+)$",
    description:
      "share of the traces that is recorded, 0 to 1; must be the same in every service, so that all record the same traces",
  }),
} satisfies Fields;
