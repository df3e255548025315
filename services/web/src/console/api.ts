// Calls of the admin routes. The SDK, which studios publish in their games, has none of them.
import { MusterError } from "@muster/client";
import type { OperatorOperationId } from "@muster/contracts/operations";
import type { components, operations } from "@muster/contracts/openapi/edge/v1";
import { client, restore } from "../session/session.ts";
import { detach } from "../detach.ts";
import { ADMIN_ROUTES } from "./routes.ts";

export type Schemas = components["schemas"];

type ParamsOf<T> = T extends { readonly parameters: { readonly path: infer P } } ? { readonly params: P } : unknown;
type QueryOf<T> = T extends { readonly parameters: { readonly query?: infer Q } }
  ? { readonly query?: { readonly [K in keyof NonNullable<Q>]?: NonNullable<Q>[K] | undefined } }
  : unknown;
type BodyOf<T> = T extends { readonly requestBody: { readonly content: { readonly "application/json": infer B } } }
  ? { readonly body: B }
  : unknown;
type Given<T> = ParamsOf<T> & QueryOf<T> & BodyOf<T>;
type AnswerOf<T> = T extends {
  readonly responses: { readonly 200: { readonly content: { readonly "application/json": infer A } } };
}
  ? A
  : undefined;

interface Request {
  readonly params?: Readonly<Record<string, string | number>>;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
}

const WITHIN_MS = 15_000;
/** A new access token may work. */
const OUTDATED: ReadonlySet<string> = new Set(["token_expired", "token_revoked", "token_invalid"]);

/** @throws MusterError with the contract's code; `network` if no answer came, or one that is not from Muster */
export async function ask<O extends OperatorOperationId>(
  operation: O,
  given: Given<operations[O]>,
): Promise<AnswerOf<operations[O]>> {
  const request: Request = given;
  try {
    return (await send(operation, request)) as AnswerOf<operations[O]>;
  } catch (err) {
    const code = err instanceof MusterError ? err.code : "";
    if (code === "not_allowed") detach(restore()); // the role may have changed: what it may not is no longer shown then
    if (!OUTDATED.has(code)) throw err;
    return (await send(operation, request, true)) as AnswerOf<operations[O]>;
  }
}

async function send(operation: OperatorOperationId, request: Request, freshToken = false): Promise<unknown> {
  const [method, template] = ADMIN_ROUTES[operation];
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String(request.params?.[name] ?? "")),
  );
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(request.query ?? {}))
    if (value !== undefined) query.set(name, String(value));
  const headers: Record<string, string> = { authorization: `Bearer ${await client.accessToken(freshToken)}` };
  if (request.body !== undefined) headers["content-type"] = "application/json";
  let response: Response;
  let answer: string;
  try {
    response = await fetch(`${client.url}${path}${query.size > 0 ? `?${query}` : ""}`, {
      method,
      headers,
      signal: AbortSignal.timeout(WITHIN_MS),
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    });
    answer = await response.text();
  } catch (cause) {
    throw new MusterError("network", `${operation}: no answer`, { cause });
  }
  if (response.status === 204) return undefined;
  const value = parsed(answer);
  if (response.ok && value !== undefined) return value;
  throw errorOf(operation, response.status, value);
}

function parsed(answer: string): unknown {
  try {
    return JSON.parse(answer);
  } catch {
    return undefined; // of a proxy
  }
}

function errorOf(operation: string, status: number, value: unknown): MusterError {
  const error = (value as { error?: Partial<Schemas["Error"]["error"]> } | undefined)?.error;
  if (typeof error?.code !== "string")
    return new MusterError("network", `${operation}: status ${status} is not from Muster`, { status });
  const { code, message = "", traceId = "", details } = error;
  return new MusterError(code, message, { status, traceId, details });
}
