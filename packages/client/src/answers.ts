// Error messages for missing answers, and for answers that did not come from Muster.
import { MusterError } from "./errors.ts";
import { maybe, record, type Shape, text } from "./shapes.ts";

type Envelope = {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly traceId: string;
    readonly details: Readonly<Record<string, unknown>> | undefined;
  };
};

const ENVELOPE: Shape<Envelope> = record<Envelope>({
  error: record<Envelope["error"]>({ code: text, message: text, traceId: text, details: maybe(record({})) }),
});

/** The error for an unsuccessful answer: the contract's error, or the answer of a proxy. */
export function errorFrom(what: string, response: Response, answer: string): MusterError {
  const { status } = response;
  if (response.type === "opaqueredirect" || (status >= 300 && status < 400)) return redirected(what, response);
  let value: unknown;
  try {
    value = JSON.parse(answer);
  } catch {
    return foreign(what, response, answer, "it is not a Muster error");
  }
  if (ENVELOPE(value, "") !== undefined) return foreign(what, response, answer, "it is not a Muster error");
  const { code, message, traceId, details } = (value as Envelope).error;
  // Said as realtime refusals say it. Absent: 0.
  const afterS = Number(response.headers.get("retry-after"));
  const more = afterS > 0 ? { ...details, retryAfterMs: afterS * 1000 } : details;
  return new MusterError(code, message, { status, traceId, details: more });
}

/** Another server answered. The message quotes only a page's title, because the rest of the answer may be confidential. */
export function foreign(what: string, response: Response, answer: string, wrong: string): MusterError {
  const type = response.headers.get("content-type") ?? "no content type";
  const title = /<title[^>]*>\s*([^<]{1,80})/i.exec(answer)?.[1]?.trim();
  const came = `status ${response.status}, ${type}, ${answer.length} characters${title ? `, titled "${title}"` : ""}`;
  const message = `${what}: the answer is not from Muster (${came}): ${wrong}. Is there a proxy or a network log-in page in between, or is this the URL of another server?`;
  return new MusterError("network", message, { status: response.status });
}

function redirected(what: string, response: Response): MusterError {
  const to = response.headers.get("location");
  const where = to === null ? "elsewhere" : `to ${to.replace(/[?#].*/s, "").slice(0, 200)}`;
  const message = `${what}: redirected ${where}, but the SDK follows no redirects. Is there a network log-in page in between, or does the server have another URL (https)?`;
  return new MusterError("network", message, { status: response.status });
}

/** `origin`: the page's origin; undefined outside of browsers. */
export function noAnswer(what: string, baseUrl: string, cause: unknown, origin: string | undefined): MusterError {
  return new MusterError("network", `${what}: ${whyNot(baseUrl, cause, origin)}`, { cause });
}

function whyNot(baseUrl: string, cause: unknown, origin: string | undefined): string {
  const name = cause instanceof Error ? cause.name : "";
  if (name === "TimeoutError") return `no answer from ${baseUrl} in time`;
  // Node reports the cause; browsers hide it on purpose.
  const reason = cause instanceof Error ? (cause.cause as { code?: string; message?: string } | undefined) : undefined;
  if (reason) return `no answer from ${baseUrl} (${reason.code ?? reason.message})`;
  if (origin === undefined || origin === baseUrl) return `no answer from ${baseUrl}`;
  if (origin.startsWith("https:") && baseUrl.startsWith("http:"))
    return `no answer from ${baseUrl}: a page loaded over https can call only https`;
  return `no answer from ${baseUrl}: either it cannot be reached, or it does not allow requests from ${origin} (CORS: the server's EDGE_CORS_ORIGINS must include ${origin})`;
}

/** The origin of the page that this code runs in. */
export function pageOrigin(): string | undefined {
  return (globalThis as { location?: { origin?: string } }).location?.origin;
}
