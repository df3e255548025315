// The routes' schemas come from the OpenAPI document, so requests are validated against the published contract.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { assert, must } from "@muster/errors";
import type { FastifySchema, HTTPMethods } from "fastify";
import { parse } from "yaml";

type Json = Record<string, unknown>;

export interface Operation {
  readonly operationId: string;
  readonly method: HTTPMethods;
  /** In Fastify's form: /v1/players/:playerId. */
  readonly url: string;
  readonly schema: FastifySchema;
  /** Its tag: the unit that can be switched back to a legacy origin. */
  readonly domain: string;
  /** Whether an access token is demanded. */
  readonly secured: boolean;
  /** Whether it takes an Idempotency-Key. */
  readonly takesKey: boolean;
}

export interface Contract {
  readonly yaml: string;
  readonly operations: ReadonlyMap<string, Operation>;
  readonly errorCodes: ReadonlySet<string>;
}

/** As Node names it. */
export const KEY_HEADER = "idempotency-key";

/** Keyword of the request schemas: the text is brought into the one form of an id before a handler sees it. */
export const CANONICAL_ID = "canonicalId";

/** Keyword of the request schemas: what makes a text unreadable, or turns around the text beside it, is removed before a handler sees it. */
export const FREE_TEXT = "freeText";

/** Properties of request bodies that people write and others read, and that have no rules of their own (names and messages have them). */
export const FREE_TEXTS: ReadonlySet<string> = new Set(["reason", "comment", "deviceLabel"]);

/** Tags whose routes may be given back to a legacy origin. */
export const LEGACY_DOMAINS = ["sessions", "devices", "players", "matches", "chat"] as const;

export function readContract(): Contract {
  const yaml = readFileSync(fileURLToPath(import.meta.resolve("@muster/contracts/openapi/edge.v1.yaml")), "utf8");
  const document = resolveRefs(parse(yaml) as Json) as Json;
  const operations = new Map<string, Operation>();
  for (const [path, methods] of Object.entries(document["paths"] as Record<string, Json>)) {
    for (const [method, value] of Object.entries(methods)) {
      const operation = operationOf(path, method, value as Json, document);
      operations.set(operation.operationId, operation);
    }
  }
  const schemas = (document["components"] as Json)["schemas"] as Record<string, Json>;
  return {
    yaml,
    operations,
    errorCodes: new Set(must(schemas["ErrorCode"], "the contract has a code table")["enum"] as string[]),
  };
}

function operationOf(path: string, method: string, value: Json, document: Json): Operation {
  const operationId = value["operationId"];
  assert(typeof operationId === "string", `${method} ${path} has an operationId`);
  const parameters = (value["parameters"] ?? []) as { name: string; in: string; required?: boolean; schema: Json }[];
  const params = parameterSchema(parameters, "path");
  const querystring = parameterSchema(parameters, "query");
  const headers = keySchema(parameters);
  const body = jsonSchemaOf(value["requestBody"] as Json | undefined);
  const security = (value["security"] ?? document["security"]) as unknown[];
  return {
    operationId,
    domain: (value["tags"] as string[])[0] ?? "",
    method: method.toUpperCase() as HTTPMethods,
    url: path.replace(/\{(\w+)\}/g, ":$1"),
    secured: security.length > 0,
    takesKey: headers !== undefined,
    schema: {
      ...(params ? { params: withCanonicalIds(params) } : {}),
      ...(querystring ? { querystring: withCanonicalIds(querystring) } : {}),
      ...(headers ? { headers } : {}),
      ...(body ? { body: withFreeTexts(withCanonicalIds(body)) } : {}),
      response: responseSchemas(value["responses"] as Record<string, Json>),
    },
  };
}

function parameterSchema(
  parameters: { name: string; in: string; required?: boolean; schema: Json }[],
  where: string,
): Json | undefined {
  const found = parameters.filter((parameter) => parameter.in === where);
  if (found.length === 0 && where === "path") return undefined;
  return {
    type: "object",
    additionalProperties: false,
    required: found.filter((parameter) => parameter.required).map((parameter) => parameter.name),
    properties: Object.fromEntries(found.map((parameter) => [parameter.name, parameter.schema])),
  };
}

/** Of the headers, only the idempotency key is checked: of the others, what cannot be read is no reason to refuse. */
function keySchema(parameters: { name: string; in: string; schema: Json }[]): Json | undefined {
  const key = parameters.find(({ name, in: where }) => where === "header" && name.toLowerCase() === KEY_HEADER);
  return key && { type: "object", properties: { [KEY_HEADER]: key.schema } };
}

/** Where the contract says `format: uuid`, the handler gets the id in its one form ({@link CANONICAL_ID}). */
function withCanonicalIds<T>(schema: T): T {
  if (Array.isArray(schema)) return schema.map(withCanonicalIds) as T;
  if (typeof schema !== "object" || schema === null) return schema;
  const entries = Object.entries(schema).map(([key, inner]) => [key, withCanonicalIds(inner)]);
  const marked = (schema as Json)["format"] === "uuid" ? [[CANONICAL_ID, true]] : [];
  return Object.fromEntries([...entries, ...marked]) as T;
}

function withFreeTexts<T>(schema: T, name = ""): T {
  if (Array.isArray(schema)) return schema.map((one) => withFreeTexts(one)) as T;
  if (typeof schema !== "object" || schema === null) return schema;
  const entries = Object.entries(schema).map(([key, inner]) => [key, withFreeTexts(inner, key)]);
  const marked = FREE_TEXTS.has(name) && (schema as Json)["type"] === "string" ? [[FREE_TEXT, true]] : [];
  return Object.fromEntries([...entries, ...marked]) as T;
}

/** Fastify serialises by these: nothing leaves that the contract does not name. */
function responseSchemas(responses: Record<string, Json>): Json {
  const success = Object.entries(responses).filter(([status]) => status.startsWith("2"));
  return Object.fromEntries(success.map(([status, response]) => [status, jsonSchemaOf(response) ?? { type: "null" }]));
}

function jsonSchemaOf(holder: Json | undefined): Json | undefined {
  const content = holder?.["content"] as Record<string, Json> | undefined;
  return content?.["application/json"]?.["schema"] as Json | undefined;
}

/** Replaces `$ref`s into the document by what they name. The document has no cycles. */
function resolveRefs(document: Json): unknown {
  const resolve = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(resolve);
    if (typeof value !== "object" || value === null) return value;
    const ref = (value as Json)["$ref"];
    if (typeof ref === "string") return resolve(lookUp(document, ref));
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, resolve(inner)]));
  };
  return resolve(document);
}

function lookUp(document: Json, ref: string): unknown {
  assert(ref.startsWith("#/"), `${ref} points into the document`);
  return ref
    .slice(2)
    .split("/")
    .reduce<unknown>((at, key) => must((at as Json)[key], `${ref} names something`), document);
}
