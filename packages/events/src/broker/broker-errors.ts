// What the broker's refusals mean for a caller, whichever library reports them. No I/O.
import { BrokerError } from "./port.ts";

/** What the same call would meet again, by the protocol's names. */
const PERMANENT = new Set([
  "MESSAGE_TOO_LARGE",
  "RECORD_LIST_TOO_LARGE",
  "INVALID_TOPIC_EXCEPTION",
  "INVALID_RECORD",
  "INVALID_CONFIG",
  "INVALID_PARTITIONS",
  "INVALID_REPLICATION_FACTOR",
  "TOPIC_AUTHORIZATION_FAILED",
  "GROUP_AUTHORIZATION_FAILED",
  "CLUSTER_AUTHORIZATION_FAILED",
  "SASL_AUTHENTICATION_FAILED",
  "TOPIC_ALREADY_EXISTS",
  // Of a commit: another member goes on with the partition.
  "UNKNOWN_MEMBER_ID",
  "ILLEGAL_GENERATION",
  "FENCED_INSTANCE_ID",
]);

/** @param protocolName of the broker's error; empty when no broker answered */
export function brokerErrorOf(message: string, protocolName: string, cause: unknown): BrokerError {
  return new BrokerError(protocolName === "" ? message : `${message} (${protocolName})`, {
    cause,
    retryable: !PERMANENT.has(protocolName),
  });
}
