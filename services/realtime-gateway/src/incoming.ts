// What a client sends, checked; what is wrong with it, as a disconnect.
import { createValidator, type Validator } from "@bufbuild/protovalidate";
import { type ClientControl, ClientControlSchema } from "@muster/contracts/realtime/v1";
import { AppError } from "@muster/errors";
import { type DisconnectName, decodeClientControl } from "@muster/realtime";
import { canonicaliserOf } from "@muster/rpc";

const validator: Validator = createValidator();
const canonicalise = canonicaliserOf(ClientControlSchema);

/** Its ids are in their one form. Undefined for bytes that are no control message within the contract's bounds. */
export function decoded(bytes: Uint8Array): ClientControl | undefined {
  try {
    const message = decodeClientControl(bytes);
    if (validator.validate(ClientControlSchema, message).kind !== "valid") return undefined;
    return canonicalise(message) === undefined ? message : undefined;
  } catch {
    return undefined; // not Protobuf: the caller closes the socket
  }
}

/** How the socket of a refused token is closed. */
export function disconnectFor(err: unknown): DisconnectName {
  if (!(err instanceof AppError)) return "unavailable";
  if (err.code === "token_expired") return "tokenExpired";
  if (err.code === "token_revoked") return "sessionEnded";
  return err.code === "token_invalid" ? "badToken" : "unavailable";
}
