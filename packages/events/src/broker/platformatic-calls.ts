// Calls of the protocol by way of @platformatic/kafka, as promises with the port's errors.
import {
  type Base,
  type Broker as BrokerAddress,
  type Connection,
  GenericError,
  kGetApi,
  kGetBootstrapConnection,
  MultipleErrors,
} from "@platformatic/kafka";
import { brokerErrorOf } from "./broker-errors.ts";
import { BrokerError } from "./port.ts";

export type { BrokerAddress };

/** One request of this name, in the newest version that both sides have. @throws what the library throws */
export function request<Response>(
  client: Base,
  connection: Connection,
  name: string,
  ...args: unknown[]
): Promise<Response> {
  return new Promise((resolve, reject) => {
    client[kGetApi]<unknown[], Response>(name, (noApi, api) => {
      if (noApi || !api) return reject(noApi);
      api(connection, ...args, (err: Error | null, response?: Response) => {
        if (err) reject(err);
        else resolve(response as Response);
      });
    });
  });
}

export function anyConnection(client: Base): Promise<Connection> {
  return new Promise((resolve, reject) => {
    client[kGetBootstrapConnection]((err, connection) => {
      if (connection) resolve(connection);
      else reject(err);
    });
  });
}

interface ProtocolFault {
  readonly apiId: string;
  readonly memberId?: string;
}

/** The broker's error in what the library threw. */
export function protocolFault(err: unknown): ProtocolFault | undefined {
  for (const leaf of leavesOf(err)) if ("apiId" in leaf) return leaf as Error & ProtocolFault;
  return undefined;
}

export function brokerError(err: unknown): BrokerError {
  if (err instanceof BrokerError) return err;
  const leaves = [...leavesOf(err)];
  const fault = protocolFault(err);
  // The last try says what it is now.
  const leaf = leaves.at(-1);
  const isCredentials = leaves.some((one) => one instanceof GenericError && one.code === "PLT_KFK_AUTHENTICATION");
  const name = fault?.apiId ?? (isCredentials ? "SASL_AUTHENTICATION_FAILED" : "");
  return brokerErrorOf(leaf?.message ?? String(err), name, err);
}

/** The library wraps every try's error in one, and each of them in others. */
function* leavesOf(err: unknown): Generator<Error> {
  if (!(err instanceof Error)) return;
  const inner = err instanceof MultipleErrors || err instanceof AggregateError ? err.errors : [];
  const below = [...inner, err.cause].filter((one) => one instanceof Error);
  if (below.length === 0) yield err;
  else {
    if ("apiId" in err) yield err;
    for (const one of below) yield* leavesOf(one);
  }
}
