// Structured logs: JSON lines on stdout, with the trace id in every line and never a token or password.
import { oneOf } from "@muster/config";
import { currentTrace } from "@muster/tracing";
import { type DestinationStream, type Logger as PinoLogger, type LoggerOptions, pino } from "pino";
import { errorFields } from "./error-fields.ts";
import { PROBLEM_RATE, ROUTINE_RATE, Sampler } from "./sampling.ts";

export type Logger = PinoLogger;

export const logConfig = {
  LOG_LEVEL: oneOf(["trace", "debug", "info", "warn", "error", "silent"], {
    default: "info",
    description: "least severe level that is logged; `error` means that someone must act",
  }),
};

const SECRET_KEYS = ["password", "accessToken", "refreshToken", "deviceKey", "token", "authorization", "seatTicket"];

/** How often what was left out and not told by a later line is told. */
const LEFT_OUT_EVERY_MS = 10_000;
const WARN = 40;
const FATAL = 60;

/**
 * One logger per process; `child({ component })` per part. `sink` is for tests. Lines of one message are bounded in rate
 * (see sampling.ts); `leftOut` in a line says how many of its message came before it and were not written.
 */
export function createLogger(service: string, level: string, sink?: DestinationStream): Logger {
  const sampler = new Sampler(() => performance.now());
  const options: LoggerOptions = {
    level,
    base: { service },
    formatters: { level: (label: string) => ({ level: label }) },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    serializers: { err: errorFields },
    mixin: () => {
      const trace = currentTrace();
      return trace ? { traceId: trace.traceId } : {};
    },
    redact: { paths: SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: "***" },
    hooks: {
      logMethod(args, method, severity) {
        if (severity >= FATAL) return method.apply(this, args);
        const [first, second] = args as [unknown, unknown];
        const message = String(typeof first === "string" ? first : second);
        const leftOut = sampler.take(message, severity >= WARN ? PROBLEM_RATE : ROUTINE_RATE);
        if (leftOut === undefined) return;
        if (leftOut === 0) return method.apply(this, args);
        const fields = typeof first === "object" ? first : {};
        return method.apply(this, [{ ...fields, leftOut }, message]);
      },
    },
  };
  const logger = sink ? pino(options, sink) : pino(options);
  setInterval(() => {
    const lines = sampler.drain();
    if (Object.keys(lines).length > 0) logger.warn({ lines }, "log lines dropped");
  }, LEFT_OUT_EVERY_MS).unref();
  return logger;
}
