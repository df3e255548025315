// Validates requests by the schemas of the contract.
import { canonicalId } from "@muster/rpc";
import { lengthOf, tidyMessage } from "@muster/runtime";
import { Ajv2020, type ErrorObject } from "ajv/dist/2020.js";
import type { FastifyInstance } from "fastify";
import { CANONICAL_ID, FREE_TEXT } from "./contract.ts";
import { addContractFormats } from "./date-time.ts";

type SetCompiler = FastifyInstance["setValidatorCompiler"];
interface Validate {
  (value: unknown): boolean;
  errors?: ErrorObject[] | null;
}

/** Bodies are taken as they are; queries and paths are text and are converted. */
export function validators(): Parameters<SetCompiler>[0] {
  const strict = new Ajv2020({
    strict: true,
    allErrors: false,
    removeAdditional: false,
    coerceTypes: false,
    useDefaults: true,
  });
  const coercing = new Ajv2020({
    strict: true,
    allErrors: false,
    removeAdditional: false,
    coerceTypes: true,
    // "1e999" becomes Infinity, and Ajv's bounds look away from what is not finite unless told otherwise.
    strictNumbers: false,
    useDefaults: true,
  });
  for (const ajv of [strict, coercing]) {
    addContractFormats(ajv);
    const error = { message: "must be an id (a UUID)" };
    ajv.addKeyword({ keyword: CANONICAL_ID, modifying: true, errors: false, validate: toCanonicalId, error });
    ajv.addKeyword({ keyword: FREE_TEXT, modifying: true, errors: true, validate: tidyFreeText });
  }
  return ({ schema, httpPart }) =>
    httpPart === "body"
      ? strict.compile(schema as object)
      : (withPlainIntegers(schema, coercing.compile(schema as object)) as ReturnType<typeof coercing.compile>);
}

const PLAIN_INTEGER = /^(0|-?[1-9][0-9]*)$/;

/** Ajv takes for an integer what JavaScript takes for one: "1e1", "+1", " 1". */
function withPlainIntegers(schema: unknown, validate: Validate): Validate {
  const { properties = {} } = schema as { properties?: Readonly<Record<string, { type?: string }>> };
  const integers = Object.keys(properties).filter((name) => properties[name]?.type === "integer");
  const checked: Validate = (value) => {
    const odd = integers.find((name) => {
      const text = (value as Record<string, unknown> | null)?.[name];
      return typeof text === "string" && !PLAIN_INTEGER.test(text);
    });
    const isValid = odd === undefined && validate(value);
    checked.errors =
      odd === undefined
        ? (validate.errors ?? null)
        : [{ keyword: "type", instancePath: `/${odd}`, schemaPath: "", message: "must be integer", params: {} }];
    return isValid;
  };
  return checked;
}

/** Replaces the id where it stands: in a path, a query, a body or a list. */
function toCanonicalId(
  _on: boolean,
  value: unknown,
  _schema: unknown,
  at?: { readonly parentData: object; readonly parentDataProperty: string | number },
): boolean {
  const id = typeof value === "string" ? canonicalId(value) : undefined;
  if (id === undefined || !at) return false;
  (at.parentData as Record<string | number, unknown>)[at.parentDataProperty] = id;
  return true;
}

/** As a message is kept. What has nothing left is as good as empty, and refused where something is wanted. */
const tidyFreeText = (
  _on: boolean,
  value: unknown,
  schema?: { readonly minLength?: number; readonly maxLength?: number },
  at?: { readonly parentData: object; readonly parentDataProperty: string | number },
): boolean => {
  if (typeof value !== "string" || !at) return true; // its type is refused by its own rule
  const text = tidyMessage(value);
  (at.parentData as Record<string | number, unknown>)[at.parentDataProperty] = text;
  const { minLength = 0, maxLength = Infinity } = schema ?? {};
  const length = lengthOf(text);
  if (length >= minLength && length <= maxLength) return true;
  const message =
    length < minLength ? "must have something that can be read" : `must NOT have more than ${maxLength} characters`;
  tidyFreeText.errors = [{ keyword: FREE_TEXT, message, params: {} }];
  return false;
};
/** Where Ajv looks for what was wrong. */
tidyFreeText.errors = [] as Partial<ErrorObject>[];
