// Values from a JSON Schema of the contract: ones that it allows, and ones that it does not.
import fc from "fast-check";

export interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

/** By field name: values that exist, so that a call gets further than "not found". */
export type Known = Readonly<Record<string, readonly string[]>>;

export function allowed(schema: Schema, known: Known, name = ""): fc.Arbitrary<unknown> {
  const values = known[name];
  const made = valueOf(schema, known);
  return values && values.length > 0 ? fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...values) }, made) : made;
}

function valueOf(schema: Schema, known: Known): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum);
  switch (schema.type ?? "any") {
    case "object":
      return fc.record(
        Object.fromEntries(
          Object.entries(schema.properties ?? {}).map(([name, inner]) => [name, allowed(inner, known, name)]),
        ),
        { requiredKeys: [...(schema.required ?? [])] },
      );
    case "array":
      return fc.array(allowed(schema.items ?? {}, known), { maxLength: 5 });
    case "integer":
      return fc.integer({
        min: Math.max(schema.minimum ?? -1000, Number.MIN_SAFE_INTEGER),
        max: Math.min(schema.maximum ?? 1000, Number.MAX_SAFE_INTEGER),
      });
    case "boolean":
      return fc.boolean();
    case "string":
      return text(schema);
    default:
      return fc.anything();
  }
}

function text({ format, pattern, minLength = 0, maxLength = 300 }: Schema): fc.Arbitrary<string> {
  if (format === "uuid") return fc.uuid();
  if (format === "date-time")
    return fc
      .date({ min: new Date(0), max: new Date("2100-01-01"), noInvalidDate: true })
      .map((date) => date.toISOString());
  if (pattern !== undefined)
    return fc.string({
      unit: fc.constantFrom(...Array.from("abcXYZ019_-")),
      minLength: Math.max(1, minLength),
      maxLength,
    });
  // JSON Schema counts code points, and so does the unit.
  return fc.string({ unit: "binary", minLength, maxLength });
}

const NASTY_TEXTS = [
  "",
  "\u0000",
  "\uffff",
  "\ud800",
  "' or 1=1 --",
  "../../etc/passwd",
  "${7*7}",
  "<script>",
  "%00",
  "1e999",
];
const NASTY: readonly unknown[] = NASTY_TEXTS.concat("-1", "9".repeat(400), "null", "[object Object]") as unknown[];
const NASTY_OTHERS: readonly unknown[] = [
  null,
  -1,
  0,
  1e308,
  1.5,
  2 ** 53,
  true,
  [],
  {},
  [[[[[]]]]],
  { toString: "x" },
];

/** Anything at all, things that are nearly right, and things that are nasty. */
export function anything(schema: Schema, known: Known): fc.Arbitrary<unknown> {
  const nasty = fc.constantFrom<unknown>(...NASTY, ...NASTY_OTHERS);
  const properties = Object.keys(schema.properties ?? {});
  if (properties.length === 0) return fc.oneof(nasty, fc.anything());
  const spoiled = fc
    .tuple(allowed(schema, known), fc.constantFrom(...properties), fc.oneof(nasty, fc.anything()))
    .map(([good, name, value]) => ({ ...(good as object), [name]: value }));
  const more = fc
    .tuple(allowed(schema, known), fc.string(), nasty)
    .map(([good, name, value]) => ({ ...(good as object), [name]: value }));
  const less = fc.tuple(allowed(schema, known), fc.constantFrom(...properties)).map(([good, name]) => {
    const rest = { ...(good as Record<string, unknown>) };
    delete rest[name];
    return rest;
  });
  return fc.oneof(spoiled, more, less, fc.object(), nasty);
}
