// The one translation between our errors and gRPC's. The code and the details travel in metadata, so that the next
// process compares codes and never texts.
import { Code, ConnectError } from "@connectrpc/connect";
import { AppError, COMMON_ERRORS, GRPC_CODES, type GrpcCode, commonError } from "@muster/errors";
import { LimitReachedError } from "@muster/runtime";

const CODE_KEY = "muster-error-code";
const DETAILS_KEY = "muster-error-details";

const NAMES = new Map<number, GrpcCode>(Object.entries(GRPC_CODES).map(([name, code]) => [code, name as GrpcCode]));

/** For a server: whatever was thrown becomes a ConnectError that tells the caller no more than it may know. */
export function toConnectError(thrown: unknown): ConnectError {
  if (thrown instanceof ConnectError) return thrown;
  const err = thrown instanceof AppError ? thrown : unknownError(thrown);
  const metadata = new Headers({ [CODE_KEY]: err.code });
  if (err.details) metadata.set(DETAILS_KEY, encodeURIComponent(JSON.stringify(err.details)));
  return new ConnectError(err.message, GRPC_CODES[err.row.grpc] as Code, metadata, undefined, thrown);
}

/** For a client: a failed call as an AppError with the code that the server gave. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  const err = ConnectError.from(thrown);
  const grpc = NAMES.get(err.code) ?? (err.code === Code.Canceled ? "deadline_exceeded" : "internal");
  const code = err.metadata.get(CODE_KEY) ?? fallbackCode(grpc);
  const details = parseDetails(err.metadata.get(DETAILS_KEY));
  const retryable = grpc === "unavailable" || grpc === "deadline_exceeded" || grpc === "resource_exhausted";
  const known = err.metadata.get(CODE_KEY) !== null || grpc === "invalid_argument";
  const message = known ? err.rawMessage : fallbackRow(grpc).message;
  return new AppError(code, { grpc, retryable, message }, { cause: thrown, ...(details ? { details } : {}) });
}

function unknownError(thrown: unknown): AppError {
  if (thrown instanceof LimitReachedError)
    return new AppError("busy", { grpc: "resource_exhausted", retryable: true, message: "Too many requests at once." });
  return commonError("internal", { cause: thrown });
}

function fallbackCode(grpc: GrpcCode): string {
  return grpc === "invalid_argument" ? "invalid_request" : grpc in COMMON_ERRORS ? grpc : "internal";
}

function fallbackRow(grpc: GrpcCode): { message: string } {
  return grpc in COMMON_ERRORS ? COMMON_ERRORS[grpc as keyof typeof COMMON_ERRORS] : COMMON_ERRORS.internal;
}

function parseDetails(value: string | null): Record<string, unknown> | undefined {
  if (value === null) return undefined;
  try {
    return JSON.parse(decodeURIComponent(value)) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
