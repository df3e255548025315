// Whether a payload is what its schema says. No I/O.
import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { type EventData, EVENTS, type EventType, InvalidEventError } from "./events.ts";

/** ajv-formats lets a "urn:uuid:" and capital letters pass: two texts for one id, which are two keys. */
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const ajv = new Ajv2020({ strict: true, strictRequired: true });
addFormats.default(ajv, ["date-time"]);
const isRfc3339 = ajv.formats["date-time"] as { readonly validate: (text: string) => boolean };
ajv.addFormat("uuid", UUID);
// A leap second is RFC 3339, and no Date.
ajv.addFormat("date-time", (text) => isRfc3339.validate(text) && !Number.isNaN(Date.parse(text)));
ajv.addVocabulary(["x-topic", "x-key", "x-data-classification"]);

const compiled = new Map<EventType, ValidateFunction>();

/** @throws InvalidEventError bad_payload */
export function checkEventData<T extends EventType>(type: T, data: unknown): asserts data is EventData[T] {
  const validate = validatorOf(type);
  if (validate(data)) return;
  const [error] = validate.errors ?? [];
  throw new InvalidEventError("bad_payload", type, pathOf(type, error), error?.message ?? "is not valid");
}

export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** Compiled when it is first used, which takes some milliseconds; a test compiles all. */
function validatorOf(type: EventType): ValidateFunction {
  const known = compiled.get(type);
  if (known) return known;
  const validate = ajv.compile(EVENTS[type].schema);
  compiled.set(type, validate);
  return validate;
}

/** With the names that the schema has: others are of the payload, and are nobody's to read. */
function pathOf(type: EventType, error: ErrorObject | undefined): string {
  if (error === undefined) return "";
  const { missingProperty } = error.params as { missingProperty?: string };
  const names = namesIn(EVENTS[type].schema);
  const steps = error.instancePath.split("/").slice(1);
  const path = steps.map((step) => (/^\d{1,6}$/.test(step) || names.has(step) ? `/${step}` : "/*")).join("");
  return missingProperty === undefined ? path : `${path}/${missingProperty}`;
}

function namesIn(schema: unknown): ReadonlySet<string> {
  if (typeof schema !== "object" || schema === null) return new Set();
  const own = "properties" in schema ? Object.keys(schema.properties as object) : [];
  return new Set([...own, ...Object.values(schema).flatMap((child) => [...namesIn(child)])]);
}
