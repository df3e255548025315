// Whether a schema may take the place of an earlier one. No I/O.
//
// Readers and writers of two releases run side by side, and a topic still has last week's events: what the new schema passes must
// pass the old one, and the other way round. So everything stays as it is, except for annotations and for new optional
// properties: of a property that is not declared, any value passes.
import { isDeepStrictEqual } from "node:util";

type Schema = Readonly<Record<string, unknown>>;

const ANNOTATIONS: ReadonlySet<string> = new Set([
  "$comment",
  "default",
  "deprecated",
  "description",
  "examples",
  "title",
]);
/** Keywords whose value is a schema, a list of them, or a record of them. */
const ONE: ReadonlySet<string> = new Set(["additionalProperties", "contains", "else", "if", "items", "not", "then"]);
const LISTS: ReadonlySet<string> = new Set(["allOf", "anyOf", "oneOf", "prefixItems"]);
const RECORDS: ReadonlySet<string> = new Set(["$defs", "dependentSchemas", "patternProperties"]);

/** @returns a line for everything that breaks a reader or a writer of the other schema */
export function incompatibilities(before: unknown, after: unknown, path = "#"): string[] {
  if (!isSchema(before) || !isSchema(after)) return same(before, after) ? [] : [changed(path, before, after)];
  const keywords = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return keywords
    .filter((keyword) => !ANNOTATIONS.has(keyword))
    .flatMap((keyword) => ofKeyword(keyword, before[keyword], after[keyword], `${path}/${keyword}`, after));
}

function ofKeyword(keyword: string, before: unknown, after: unknown, path: string, schema: Schema): string[] {
  if (keyword === "properties") return ofProperties(before, after, path, schema["required"]);
  if (keyword === "required") return ofSet(before, after, path, "is no longer required", "is required now");
  if (before === undefined) return [`${path} is new: ${show(after)}`];
  if (after === undefined) return [`${path} is gone: it was ${show(before)}`];
  if (keyword === "enum") return ofSet(before, after, path, "is no longer a value", "is a value now");
  if (ONE.has(keyword)) return incompatibilities(before, after, path);
  if (RECORDS.has(keyword) || (LISTS.has(keyword) && lengthOf(before) === lengthOf(after)))
    return ofChildren(before as Schema, after as Schema, path);
  return same(before, after) ? [] : [changed(path, before, after)];
}

function ofProperties(before: unknown = {}, after: unknown = {}, path: string, required: unknown): string[] {
  const [old, now] = [before as Schema, after as Schema];
  const added = Object.keys(now).filter((name) => !Object.hasOwn(old, name));
  return [
    ...Object.keys(old).flatMap((name) =>
      Object.hasOwn(now, name)
        ? incompatibilities(old[name], now[name], `${path}/${name}`)
        : [`${path}/${name} is gone`],
    ),
    // `required` says so too when the schema had one; here it is said of which property.
    ...added
      .filter((name) => Array.isArray(required) && required.includes(name))
      .map((name) => `${path}/${name} is new: it has to be optional`),
  ];
}

function ofSet(before: unknown = [], after: unknown = [], path: string, gone: string, added: string): string[] {
  const [old, now] = [before as readonly unknown[], after as readonly unknown[]];
  return [
    ...old.filter((one) => !now.includes(one)).map((one) => `${path}: ${show(one)} ${gone}`),
    ...now.filter((one) => !old.includes(one)).map((one) => `${path}: ${show(one)} ${added}`),
  ];
}

function ofChildren(before: Schema, after: Schema, path: string): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) =>
    Object.hasOwn(before, name) && Object.hasOwn(after, name)
      ? incompatibilities(before[name], after[name], `${path}/${name}`)
      : [`${path}/${name} is ${Object.hasOwn(before, name) ? "gone" : "new"}`],
  );
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function lengthOf(value: unknown): number {
  return Array.isArray(value) ? value.length : -1;
}

function same(before: unknown, after: unknown): boolean {
  return isDeepStrictEqual(before, after);
}

function changed(path: string, before: unknown, after: unknown): string {
  return `${path} was ${show(before)}, and is ${show(after)}`;
}

function show(value: unknown): string {
  return JSON.stringify(value);
}
