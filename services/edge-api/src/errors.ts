// Translates our errors to REST's error envelope. This is the only place that does so.
import type { Socket } from "node:net";
import { AppError, type ErrorRow, HTTP_STATUS, commonError } from "@muster/errors";
import type { Logger } from "@muster/log";
import { faultOf } from "@muster/rpc";
import { continueTrace, currentTrace, formatTraceparent, withTrace } from "@muster/tracing";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";

/** What Fastify refuses by itself, by its own code. */
const FRAMEWORK_ERRORS: Readonly<Record<string, { status: number; code: string; message: string }>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: { status: 413, code: "body_too_large", message: "The request body is too large." },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    status: 415,
    code: "unsupported_media_type",
    message: "The request body is not application/json.",
  },
};

/** Of a refused body: read to its end and thrown away. More than the ingress lets through; a longer one ends the connection. */
const REFUSED_BODY_BYTES_MAX = 1024 * 1024;

export const RETRY_AFTER_S = 1;
/** What a page of another origin may read besides the body. */
export const EXPOSED_HEADERS = [
  "traceparent",
  "retry-after",
  "etag",
  "content-range",
  "accept-ranges",
  "idempotent-replayed",
];

export interface ErrorAnswer {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  /** The same may be asked again later. */
  readonly retryable?: boolean;
}

/** A refusal that no service makes, and no gRPC code stands for. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly answer: ErrorAnswer;
  readonly headers: Readonly<Record<string, string>>;

  constructor(answer: ErrorAnswer, headers: Readonly<Record<string, string>>) {
    super(answer.message);
    this.answer = answer;
    this.headers = headers;
  }
}

/** `known` is the contract's table: a code that is not in it does not leave. */
export function answerTo(thrown: unknown, known: ReadonlySet<string>): ErrorAnswer {
  if (thrown instanceof AppError) return answerToAppError(thrown, known);
  if (thrown instanceof Refusal) return thrown.answer;
  const { code, statusCode, validation, validationContext, message } = thrown as Partial<FastifyError>;
  const framework = FRAMEWORK_ERRORS[code ?? ""];
  if (framework) return framework;
  if (validation) {
    const details = problemOf(validation[0], validationContext);
    return { status: 400, code: "invalid_request", message: `${details.where} ${details.problem}`, details };
  }
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return { status: 400, code: "invalid_request", message: message ?? "The request is malformed." };
  return answerToAppError(faultOf(thrown), known);
}

export function sendError(
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  parts: { known: ReadonlySet<string>; log: Logger },
): FastifyReply {
  const { status, code, message, details, retryable } = answerTo(thrown, parts.known);
  const fields = { method: request.method, route: request.routeOptions.url, status, code };
  // 503 and 504: something behind is away, and says so itself. Only a bug is ours to mend here.
  // What an overloaded service refused is counted there, and is not to make more work here.
  if (code === "overloaded") parts.log.debug(fields, "request refused");
  else if (status >= 500) parts.log[status === 500 ? "error" : "warn"]({ ...fields, err: thrown }, "request failed");
  if (retryable && (status === 503 || status === 429)) void reply.header("retry-after", retryAfterS(details));
  if (status === 401) void reply.header("www-authenticate", "Bearer");
  if (thrown instanceof Refusal) void reply.headers(thrown.headers);
  if (code === "body_too_large") keepConnection(request, reply);
  return reply.code(status).send(envelope({ code, message, details }));
}

/**
 * Fastify closes the connection on a body that is too large. Whoever is still sending it then finds a broken connection instead of
 * the answer: the ingress made a 503 of it. Node reads what is left of a body once the answer is sent.
 */
function keepConnection(request: FastifyRequest, reply: FastifyReply): void {
  if (Number(request.headers["content-length"]) <= REFUSED_BODY_BYTES_MAX) void reply.removeHeader("connection");
}

/** The body of every answer that is not 2xx. A request that is refused before it has a trace gets a new trace id. */
export function envelope({ code, message, details }: Omit<ErrorAnswer, "status" | "retryable">): {
  readonly error: object;
} {
  const { traceId } = currentTrace() ?? continueTrace(undefined);
  return { error: { code, message, traceId, ...(details ? { details } : {}) } };
}

/** Of answers that are made before a route is found or instead of one: they say nothing of any player, so the page of any origin may read them. */
export function headersOutsideRoutes(): Record<string, string> {
  return {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": EXPOSED_HEADERS.join(", "),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    traceparent: formatTraceparent(currentTrace() ?? continueTrace(undefined)),
  };
}

/** A malformed path: none of our hooks has run. */
export function refuseBadPath(
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  parts: { known: ReadonlySet<string>; log: Logger },
): void {
  withTrace(continueTrace(request.headers["traceparent"] as string | undefined), () => {
    void reply.headers(headersOutsideRoutes());
    void sendError(thrown, request, reply, parts);
  });
}

/** What Node's parser does not let through: no request comes of it, and nobody else answers. */
export function refuseUnreadable(err: Error & { code?: string }, socket: Socket): void {
  if (err.code === "ECONNRESET" || !socket.writable) return void socket.destroy();
  const late = err.code === "ERR_HTTP_REQUEST_TIMEOUT" || err.code === "ERR_HTTP_HEADERS_TIMEOUT";
  const message = late ? "The request did not arrive in time." : "The request is malformed.";
  withTrace(continueTrace(undefined), () => {
    const body = JSON.stringify(envelope({ code: "invalid_request", message }));
    const headers = {
      ...headersOutsideRoutes(),
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
      connection: "close",
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(`HTTP/1.1 400 Bad Request\r\n${lines.join("")}\r\n${body}`);
  });
}

/** `where` names the field, also one that is missing or unknown: there the validator names only the object around it. */
function problemOf(
  fault: NonNullable<FastifyError["validation"]>[number] | undefined,
  context = "request",
): { readonly where: string; readonly problem: string } {
  const where = `${context}${(fault?.instancePath ?? "").replaceAll("/", ".")}`;
  const { missingProperty: missing, additionalProperty: unknown } = fault?.params ?? {};
  if (typeof missing === "string") return { where: `${where}.${missing}`, problem: "is missing" };
  if (typeof unknown === "string") return { where: `${where}.${unknown}`, problem: "is not known" };
  return { where, problem: fault?.message ?? "is not valid" };
}

/** The field that a service means when it refuses what the contract's schema allows: services know the field by another name. */
const FIELD_OF: Readonly<Record<string, { readonly where: string; readonly problem: string }>> = {
  banPlayer: { where: "body.until", problem: "must be in the future" },
  blockPlayer: { where: "params.playerId", problem: "is the player's own" },
  openDirectChannel: { where: "body.playerId", problem: "is the player's own" },
  createRoom: { where: "body.name", problem: "could be misread" },
};

/** A service's `invalid_request`, with the field of the REST request that is at fault. */
export function naming(operationId: string, thrown: unknown): unknown {
  const field = FIELD_OF[operationId];
  if (!(thrown instanceof AppError) || thrown.code !== "invalid_request" || !field) return thrown;
  return new AppError(thrown.code, thrown.row, {
    message: thrown.message,
    details: { ...field, ...thrown.details },
    cause: thrown,
  });
}

/** Whole seconds, as RFC 9110 wants them. */
function retryAfterS(details: ErrorAnswer["details"]): number {
  const given = Number(details?.["retryAfterS"]);
  return Number.isFinite(given) && given > 0 ? Math.ceil(given) : RETRY_AFTER_S;
}

function answerToAppError(err: AppError, known: ReadonlySet<string>): ErrorAnswer {
  const row: ErrorRow = err.row;
  if (!known.has(err.code)) return { status: 500, code: "internal", message: commonError("internal").message };
  const { message, details } = err;
  return { status: HTTP_STATUS[row.grpc], code: err.code, message, details, retryable: row.retryable };
}

/** Of a call that a handler can do without: its service could not be asked, or was too late or too busy. */
export function hasNoAnswer(err: unknown): boolean {
  return err instanceof AppError && NO_ANSWER.has(err.code);
}

const NO_ANSWER: ReadonlySet<string> = new Set(["unavailable", "deadline_exceeded", "overloaded"]);
