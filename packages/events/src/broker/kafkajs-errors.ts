// The port's errors of what KafkaJS throws. No I/O.
import { brokerErrorOf } from "./broker-errors.ts";
import { BrokerError } from "./port.ts";

/** The error below all those that it is wrapped in; of several side by side, the first. */
function innermost(err: unknown): unknown {
  for (let inner = err; ; ) {
    const { cause, errors } = inner as { readonly cause?: unknown; readonly errors?: readonly unknown[] };
    const below = cause ?? errors?.[0];
    if (!(below instanceof Error)) return inner;
    inner = below;
  }
}

/** The broker's own name of its error; empty when no broker answered. */
export function protocolName(err: unknown): string {
  const inner = innermost(err);
  return inner instanceof Error && "type" in inner ? String(inner.type) : "";
}

export function brokerError(err: unknown): BrokerError {
  if (err instanceof BrokerError) return err;
  const inner = innermost(err);
  return brokerErrorOf(inner instanceof Error ? inner.message : String(inner), protocolName(err), err);
}
