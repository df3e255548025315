// Validates every REST answer that any test receives against the OpenAPI document: status, headers and body.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { parse } from "yaml";
import { type RestError, restErrors } from "./rest-errors.ts";

type Json = Record<string, unknown>;

const document = parse(
  readFileSync(fileURLToPath(import.meta.resolve("@muster/contracts/openapi/edge.v1.yaml")), "utf8"),
) as Json;
const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema(document, "edge");

const paths = Object.entries(document["paths"] as Record<string, Json>).map(([path, methods]) => ({
  pattern: new RegExp(`^${path.replaceAll(".", "\\.").replace(/\{\w+\}/g, "[^/]+")}$`),
  pointer: path.replaceAll("~", "~0").replaceAll("/", "~1"),
  methods,
}));
const validators = new Map<string, ValidateFunction | undefined>();
const errorBody = ajv.compile({ $ref: "edge#/components/schemas/Error" });
const errors = restErrors(document);

/** The document itself, and what only the stand-in for v1.5 serves. */
const NOT_IN_CONTRACT = /^\/v1\/(openapi\.yaml|leaderboard|legacy\/\w+)$/;

const realFetch = globalThis.fetch;
globalThis.fetch = async (input, init) => {
  const response = await realFetch(input, init);
  const url = new URL(input instanceof Request ? input.url : String(input));
  const isOurs =
    response.headers.has("traceparent") &&
    (url.pathname === "/" || url.pathname.startsWith("/v1/") || url.pathname.startsWith("/.well-known/"));
  if (isOurs && !NOT_IN_CONTRACT.test(url.pathname)) await check(url.pathname, init?.method ?? "GET", response.clone());
  return response;
};

async function check(pathname: string, method: string, response: Response): Promise<void> {
  const binary = /^application\/octet-stream\b/.test(response.headers.get("content-type") ?? "");
  const text = binary ? "" : await response.text(); // nothing to look at
  const where = `${method} ${pathname} → ${response.status}`;
  if (!/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(response.headers.get("traceparent") ?? ""))
    throw new Error(`${where} has no traceparent`);
  const body: unknown = text === "" ? undefined : JSON.parse(text);
  if (method === "HEAD") return void successValidator(pathname, "get", response.status); // GET's answer, and never a body
  const validate =
    response.status < 300 || response.status === 304
      ? successValidator(pathname, method.toLowerCase(), response.status)
      : errorBody;
  if (!validate) {
    if (body !== undefined) throw new Error(`${where}: the contract has no body here, but one came: ${text}`);
    return;
  }
  if (!validate(body)) throw new Error(`${where} does not conform: ${ajv.errorsText(validate.errors)}: ${text}`);
  if (validate !== errorBody) return;
  const operation = paths.find(({ pattern, methods }) => method.toLowerCase() in methods && pattern.test(pathname));
  const { error } = body as { error: RestError };
  if (error.code === "route_not_found") return; // a value in the path that only looks like one
  const fault = errors.faultOf(operation?.methods[method.toLowerCase()] as Json | undefined, error);
  if (fault !== undefined) throw new Error(`${where} does not conform: ${fault}: ${text}`);
}

function successValidator(pathname: string, method: string, status: number): ValidateFunction | undefined {
  const path = paths.find(({ pattern, methods }) => method in methods && pattern.test(pathname));
  const responses = ((path?.methods[method] as Json | undefined)?.["responses"] ?? {}) as Record<string, Json>;
  const response = responses[String(status)];
  if (!path || !response) throw new Error(`the contract knows no answer ${status} to ${method} ${pathname}`);
  const key = `${path.pointer}/${method}/responses/${status}`;
  if (!validators.has(key)) {
    const hasBody = (response["content"] as Json | undefined)?.["application/json"] !== undefined;
    validators.set(
      key,
      hasBody
        ? ajv.compile({
            $ref: `edge#/paths/${encodeURIComponent(path.pointer)}/${method}/responses/${status}/content/application~1json/schema`,
          })
        : undefined,
    );
  }
  return validators.get(key);
}
