// Words for answers that did not come, or came from somebody else.
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

/** An answer that is no success: the contract's error, or what a proxy has to say. */
export function errorFrom(what: string, response: Response, answer: string): MusterError {
  const { status } = response;
  if (response.type === "opaqueredirect" || (status >= 300 && status < 400)) return redirected(what, response);
  let value: unknown;
  try {
    value = JSON.parse(answer);
  } catch {
    return foreign(what, response, answer, "which is no error of Muster's");
  }
  if (ENVELOPE(value, "") !== undefined) return foreign(what, response, answer, "which is no error of Muster's");
  const { code, message, traceId, details } = (value as Envelope).error;
  return new MusterError(code, message, { status, traceId, details });
}

/** Somebody else answered. Of what it said only a page's title is told: it may hold what is nobody's business. */
export function foreign(what: string, response: Response, answer: string, wrong: string): MusterError {
  const type = response.headers.get("content-type") ?? "no content type";
  const title = /<title[^>]*>\s*([^<]{1,80})/i.exec(answer)?.[1]?.trim();
  const came = `status ${response.status}, ${type}, ${answer.length} characters${title ? `, titled "${title}"` : ""}`;
  const message = `${what}: an answer that is not Muster's (${came}), ${wrong}. Is a proxy or a log-in page of the network in between, or the url another server's?`;
  return new MusterError("network", message, { status: response.status });
}

function redirected(what: string, response: Response): MusterError {
  const to = response.headers.get("location");
  const where = to === null ? "elsewhere" : `to ${to.replace(/[?#].*/s, "").slice(0, 200)}`;
  const message = `${what}: sent ${where}, and no redirect is followed. Is there a log-in page of the network in between, or has the server another url (https)?`;
  return new MusterError("network", message, { status: response.status });
}

/** `origin`: of the page that asks, undefined outside of browsers. */
export function noAnswer(what: string, baseUrl: string, cause: unknown, origin: string | undefined): MusterError {
  return new MusterError("network", `${what}: ${whyNot(baseUrl, cause, origin)}`, { cause });
}

function whyNot(baseUrl: string, cause: unknown, origin: string | undefined): string {
  const name = cause instanceof Error ? cause.name : "";
  if (name === "TimeoutError") return `no answer from ${baseUrl} in time`;
  // Node says what it was; a browser does not, on purpose.
  const reason = cause instanceof Error ? (cause.cause as { code?: string; message?: string } | undefined) : undefined;
  if (reason) return `no answer from ${baseUrl} (${reason.code ?? reason.message})`;
  if (origin === undefined || origin === baseUrl) return `no answer from ${baseUrl}`;
  if (origin.startsWith("https:") && baseUrl.startsWith("http:"))
    return `no answer from ${baseUrl}: a page from https may ask only https`;
  return `no answer from ${baseUrl}: either it cannot be reached, or it does not let pages of ${origin} ask it (CORS; the server's EDGE_CORS_ORIGINS has to name ${origin})`;
}

/** Of the page that this runs in. */
export function pageOrigin(): string | undefined {
  return (globalThis as { location?: { origin?: string } }).location?.origin;
}
