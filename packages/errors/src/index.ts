// One error type for faults and refusals, one table per service, translated once per protocol at the edge.

/** gRPC codes that a table may name; the numbers are those of the gRPC specification. */
export const GRPC_CODES = {
  invalid_argument: 3,
  deadline_exceeded: 4,
  not_found: 5,
  already_exists: 6,
  permission_denied: 7,
  resource_exhausted: 8,
  failed_precondition: 9,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

export type GrpcCode = keyof typeof GRPC_CODES;

/** What edge-api answers for each gRPC code. */
export const HTTP_STATUS: Readonly<Record<GrpcCode, number>> = {
  invalid_argument: 400,
  unauthenticated: 401,
  permission_denied: 403,
  not_found: 404,
  already_exists: 409,
  failed_precondition: 409,
  resource_exhausted: 429,
  internal: 500,
  unavailable: 503,
  deadline_exceeded: 504,
};

export interface ErrorRow {
  readonly grpc: GrpcCode;
  /** True when the same call may succeed later without a change. */
  readonly retryable: boolean;
  /** What a player may read. */
  readonly message: string;
}

export type ErrorTable = Readonly<Record<string, ErrorRow>>;

/** Errors that any service can answer with. */
export const COMMON_ERRORS = {
  invalid_request: { grpc: "invalid_argument", retryable: false, message: "The request is malformed." },
  unauthenticated: { grpc: "unauthenticated", retryable: false, message: "A valid access token is required." },
  deadline_exceeded: { grpc: "deadline_exceeded", retryable: true, message: "The request took too long." },
  unavailable: { grpc: "unavailable", retryable: true, message: "The service cannot answer right now." },
  overloaded: {
    grpc: "unavailable",
    retryable: true,
    message: "The service has too much to do right now; try again shortly.",
  },
  internal: { grpc: "internal", retryable: false, message: "Something went wrong on our side." },
} as const satisfies ErrorTable;

export interface AppErrorOptions {
  /** For the log only. */
  readonly cause?: unknown;
  /** For the caller: which field, which limit. Never a secret. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** Instead of the row's message. */
  readonly message?: string;
}

/** A refusal or a fault, by its code in an error table. */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: string;
  readonly row: ErrorRow;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: string, row: ErrorRow, options: AppErrorOptions = {}) {
    super(options.message ?? row.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.row = row;
    this.details = options.details;
  }
}

/** Makes the constructor of a service's errors: `const fail = errorsOf(TABLE)`, then `throw fail("name_taken")`. */
export function errorsOf<T extends ErrorTable>(
  table: T,
): (code: keyof T & string, options?: AppErrorOptions) => AppError {
  return (code, options) => new AppError(code, table[code] as ErrorRow, options);
}

export const commonError: (code: keyof typeof COMMON_ERRORS, options?: AppErrorOptions) => AppError =
  errorsOf(COMMON_ERRORS);

/** Bugs end the request, loudly. Never for wire input. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}

export function must<T>(value: T | undefined | null, message: string): T {
  assert(value !== undefined && value !== null, message);
  return value;
}
