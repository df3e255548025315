// Decodes and validates what a client sends: a valid message, a message that violates the contract, or bytes that are not a
// message.
import { createValidator, type Validator, type Violation } from "@bufbuild/protovalidate";
import { type ClientControl, ClientControlSchema } from "@muster/contracts/realtime/v1";
import { AppError } from "@muster/errors";
import { type DisconnectName, decodeClientControl, type RealtimeErrorCode } from "@muster/realtime";
import { canonicaliserOf } from "@muster/rpc";
import { kindOf } from "./control-limits.ts";

/** It can be answered, so it costs nobody the connection. */
interface Refused {
  readonly kind: "refused";
  readonly requestId: number;
  readonly code: RealtimeErrorCode;
  /** Instead of the table's. */
  readonly message?: string;
}

export type DecodedControl =
  | { readonly kind: "message"; readonly message: ClientControl }
  | Refused
  /** No control message at all. */
  | { readonly kind: "malformed" };

/** Only one violation is reported, so validation stops at the first: a frame has room for thousands. */
const validator: Validator = createValidator({ failFast: true });
const canonicalise = canonicaliserOf(ClientControlSchema);

/** Fields whose violations have their own code in the error table. */
const CODES: Readonly<Record<string, RealtimeErrorCode>> = {
  "enqueue.mode": "unknown_mode",
  "join_match.seat_ticket": "seat_ticket_invalid",
  "chat_send.body": "message_too_long",
};

/** A whole frame. The message's ids are in their one form. */
export function decodeControl(frame: Uint8Array): DecodedControl {
  let message: ClientControl;
  try {
    message = decodeClientControl(frame);
  } catch {
    return { kind: "malformed" }; // not Protobuf
  }
  const { requestId } = message;
  if (message.message.case === undefined) return { kind: "refused", requestId, code: "unknown_request" };
  const checked = validator.validate(ClientControlSchema, message);
  if (checked.kind === "error") throw checked.error; // the contract's rules themselves are wrong
  const [violation] = checked.violations ?? [];
  if (violation) return refusalOf(requestId, violation);
  const wrongId = canonicalise(message);
  if (wrongId !== undefined) return invalid(requestId, `${wrongId}: must be a UUID`);
  return { kind: "message", message };
}

/** Of what is not even decoded: `number` is not known, or the frame is larger than one may be. */
export function codeOfUnfit(number: number): RealtimeErrorCode {
  if (number === 0) return "unknown_request";
  return kindOf(number) === "chatSend" ? "message_too_long" : "request_too_large";
}

function refusalOf(requestId: number, violation: Violation): Refused {
  const path = violation.field.flatMap((part) => ("name" in part ? [part.name] : [])).join(".");
  const code = CODES[path];
  return code ? { kind: "refused", requestId, code } : invalid(requestId, `${path}: ${violation.message}`);
}

function invalid(requestId: number, message: string): Refused {
  return { kind: "refused", requestId, code: "invalid_request", message };
}

/** How the socket of a refused token is closed. */
export function disconnectFor(err: unknown): DisconnectName {
  if (!(err instanceof AppError)) return "unavailable";
  if (err.code === "token_expired") return "tokenExpired";
  if (err.code === "token_revoked") return "sessionEnded";
  return err.code === "token_invalid" ? "badToken" : "unavailable";
}
