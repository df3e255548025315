// A request that the contract allows, for tests that are about who sends it.
import type { Operation } from "../src/contract.ts";

interface Schema {
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly minLength?: number;
  readonly minItems?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

const ID = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1f";

/** @param known values for parameters, by name */
export function sampleOf(
  { url, schema }: Operation,
  known: Readonly<Record<string, string>> = {},
): { readonly url: string; readonly body: object | undefined } {
  const { params, querystring, body } = schema as { params?: Schema; querystring?: Schema; body?: Schema };
  let path = url;
  for (const [name, one] of Object.entries(params?.properties ?? {}))
    path = path.replace(`:${name}`, encodeURIComponent(known[name] ?? String(valueOf(one))));
  const query = new URLSearchParams();
  for (const name of querystring?.required ?? [])
    query.set(name, String(valueOf(querystring?.properties?.[name] ?? {})));
  const text = query.toString();
  return {
    url: text === "" ? path : `${path}?${text}`,
    body: body === undefined ? undefined : (valueOf(body) as object),
  };
}

const SCALARS: Readonly<Record<string, (schema: Schema) => unknown>> = {
  integer: ({ minimum = 0 }) => minimum,
  number: ({ minimum = 0 }) => minimum,
  boolean: () => false,
  string: ({ format, minLength = 1 }) =>
    format === "uuid" ? ID : format === "date-time" ? "2100-01-01T00:00:00Z" : "a".repeat(minLength),
};

function valueOf(schema: Schema): unknown {
  const { type = "string", properties = {}, required = [], minItems = 0, items = {} } = schema;
  if (schema.enum) return schema.enum[0];
  if (type === "object") return Object.fromEntries(required.map((name) => [name, valueOf(properties[name] ?? {})]));
  if (type === "array") return Array.from({ length: minItems }, () => valueOf(items));
  return SCALARS[type]?.(schema);
}
