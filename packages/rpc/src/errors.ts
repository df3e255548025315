// Translates between our errors and gRPC's. This is the only place that does so. Code and details travel in metadata, so that
// the next process compares codes and never texts.
import { Code, ConnectError } from "@connectrpc/connect";
import { AppError, type COMMON_ERRORS, GRPC_CODES, type GrpcCode, commonError } from "@muster/errors";
import { LimitReachedError, WaitAbandonedError } from "@muster/runtime";

const CODE_KEY = "muster-error-code";
const DETAILS_KEY = "muster-error-details";
/** `no`: asking again does not help. Without it the gRPC status says, as of a release before. */
const RETRY_KEY = "muster-error-retry";

const NAMES = new Map<number, GrpcCode>(Object.entries(GRPC_CODES).map(([name, code]) => [code, name as GrpcCode]));

type CommonCode = keyof typeof COMMON_ERRORS;

/**
 * What a gRPC status means that came without a code of ours, and so not from a service's table: Connect, HTTP/2 or the network made it.
 * Whatever is not the caller's fault and passes by itself is retryable; the rest is a fault of ours, also a message over the size limit.
 */
const WITHOUT_OUR_CODE: Readonly<Record<Code, CommonCode>> = {
  [Code.Canceled]: "deadline_exceeded", // whoever asked has gone, or its time has run out
  [Code.DeadlineExceeded]: "deadline_exceeded",
  [Code.Unavailable]: "unavailable",
  [Code.Aborted]: "unavailable",
  [Code.InvalidArgument]: "invalid_request", // the contract's rules
  [Code.ResourceExhausted]: "internal", // a message that is too large: the same call meets the same limit
  [Code.Unimplemented]: "internal",
  [Code.Unknown]: "internal",
  [Code.NotFound]: "internal",
  [Code.AlreadyExists]: "internal",
  [Code.PermissionDenied]: "internal",
  [Code.FailedPrecondition]: "internal",
  [Code.OutOfRange]: "internal",
  [Code.Internal]: "internal",
  [Code.DataLoss]: "internal",
  [Code.Unauthenticated]: "internal",
};

/** For a server: whatever was thrown becomes a ConnectError that tells the caller no more than it may know. */
export function toConnectError(thrown: unknown): ConnectError {
  if (thrown instanceof ConnectError) return thrown;
  const err = faultOf(thrown);
  const metadata = new Headers({ [CODE_KEY]: err.code });
  if (!err.row.retryable) metadata.set(RETRY_KEY, "no");
  if (err.details) metadata.set(DETAILS_KEY, encodeURIComponent(JSON.stringify(err.details)));
  return new ConnectError(err.message, GRPC_CODES[err.row.grpc] as Code, metadata, undefined, thrown);
}

/** For a client: a failed call as an AppError with the code that the server gave. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  const err = ConnectError.from(thrown);
  const given = err.metadata.get(CODE_KEY);
  const code = WITHOUT_OUR_CODE[err.code] ?? "internal";
  if (given === null)
    return commonError(code, { cause: thrown, ...(code === "invalid_request" ? { message: err.rawMessage } : {}) });
  const grpc = NAMES.get(err.code) ?? "internal";
  const details = parseDetails(err.metadata.get(DETAILS_KEY));
  const passes = grpc === "unavailable" || grpc === "deadline_exceeded" || grpc === "resource_exhausted";
  const retryable = passes && err.metadata.get(RETRY_KEY) !== "no";
  return new AppError(
    given,
    { grpc, retryable, message: err.rawMessage },
    { cause: thrown, ...(details ? { details } : {}) },
  );
}

/** The one place where anything that can be thrown gets its code: the services' and the edge's answers follow from it. */
export function faultOf(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  if (thrown instanceof ConnectError) return toAppError(thrown);
  if (thrown instanceof LimitReachedError)
    return new AppError(
      "busy",
      { grpc: "resource_exhausted", retryable: true, message: "Too many requests at once." },
      { cause: thrown },
    );
  if (isAbort(thrown)) return commonError("deadline_exceeded", { cause: thrown });
  return commonError("internal", { cause: thrown });
}

/** Whoever wanted it has gone, or its time has run out. */
function isAbort(thrown: unknown): boolean {
  if (thrown instanceof WaitAbandonedError) return true;
  return thrown instanceof Error && (thrown.name === "AbortError" || thrown.name === "TimeoutError");
}

function parseDetails(value: string | null): Record<string, unknown> | undefined {
  if (value === null) return undefined;
  try {
    return JSON.parse(decodeURIComponent(value)) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
