// Structured logs: JSON lines on stdout, the trace id in every line, tokens and passwords never.
import { oneOf } from "@muster/config";
import { currentTrace } from "@muster/tracing";
import { type DestinationStream, type Logger as PinoLogger, pino } from "pino";

export type Logger = PinoLogger;

export const logConfig = {
  LOG_LEVEL: oneOf(["trace", "debug", "info", "warn", "error", "silent"], {
    default: "info",
    description: "least severe level that is written; `error` means that someone must act",
  }),
};

const SECRET_KEYS = ["password", "accessToken", "refreshToken", "deviceKey", "token", "authorization", "seatTicket"];

/** One logger per process; `child({ component })` per part. `sink` is for tests. */
export function createLogger(service: string, level: string, sink?: DestinationStream): Logger {
  const options = {
    level,
    base: { service },
    formatters: { level: (label: string) => ({ level: label }) },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    mixin: () => {
      const trace = currentTrace();
      return trace ? { traceId: trace.traceId } : {};
    },
    redact: { paths: SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: "***" },
  };
  return sink ? pino(options, sink) : pino(options);
}
