// What an error of the REST contract may be: which codes an operation has, and what `details` of a code may hold.

type Json = Record<string, unknown>;

export interface RestErrors {
  /** Codes that the operation may answer. */
  readonly codesOf: (operation: Json) => ReadonlySet<string>;
  /** What is wrong with an error of that operation, or of no operation; undefined: nothing. */
  readonly faultOf: (operation: Json | undefined, error: RestError) => string | undefined;
}

export interface RestError {
  readonly code: string;
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

const OF_ALL = ["invalid_request", "busy", "overloaded", "internal", "unavailable", "deadline_exceeded"];
const WITH_TOKEN = ["unauthenticated", "token_invalid", "token_expired", "token_revoked"];
const WITH_KEY = ["request_in_flight", "key_reused", "too_many_keys"];
const KEY_PARAMETER = "#/components/parameters/IdempotencyKey";
const WITH_BODY = ["body_too_large", "unsupported_media_type"];
/** Of whatever code: the contract's introduction has them. */
const DETAILS_OF_ALL = ["outcome", "retryAfterS"];
/** Refused before there are fields: no JSON, or no request. */
const WITHOUT_FIELD = /JSON|malformed|did not arrive/;

/** @param document the OpenAPI document */
export function restErrors(document: Json): RestErrors {
  const table = ((document["components"] as Json)["schemas"] as Record<string, Json>)["ErrorCode"]?.["description"];
  const details = new Map(
    [...String(table).matchAll(/^\| (\w+) \| \d+ \| (.*) \|$/gm)].map(([, code = "", meaning = ""]) => [
      code,
      new Set([...DETAILS_OF_ALL, ...[...meaning.matchAll(/details\.(\w+)/g)].map(([, name = ""]) => name)]),
    ]),
  );
  const codesOf = (operation: Json): ReadonlySet<string> => {
    const tags = operation["tags"] as string[];
    const secured = ((operation["security"] ?? document["security"]) as unknown[]).length > 0;
    return new Set([
      ...OF_ALL,
      ...(secured ? WITH_TOKEN : []),
      ...(operation["requestBody"] ? WITH_BODY : []),
      ...(takesKey(operation) ? WITH_KEY : []),
      ...(tags.includes("admin") ? ["not_allowed"] : []),
      ...(tags.includes("chat") ? ["chat_rate_limited"] : []),
      ...((operation["x-errors"] ?? []) as string[]),
    ]);
  };
  return {
    codesOf,
    faultOf(operation, { code, message, details: has = {} }) {
      if (operation && !codesOf(operation).has(code)) return `x-errors does not have ${code}`;
      const unknown = Object.keys(has).filter((name) => !details.get(code)?.has(name));
      if (unknown.length > 0) return `the table of codes does not have ${code}'s details.${unknown.join(", details.")}`;
      if (operation && code === "invalid_request" && has["where"] === undefined && !WITHOUT_FIELD.test(message))
        return `details.where does not name the field of: ${message}`;
      return undefined;
    },
  };
}

function takesKey(operation: Json): boolean {
  return ((operation["parameters"] ?? []) as Json[]).some((one) => one["$ref"] === KEY_PARAMETER);
}
