// A message that its contract's rules allow, for walks over all calls of a service.
import { type DescField, type DescMessage, getOption, hasOption, ScalarType } from "@bufbuild/protobuf";
import { field as fieldRules } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";

const ID = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e";
export const OTHER_ID = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f2f";

type Json = Record<string, unknown>;

/** @param known values of fields, by name or by message and name, where the rules do not say enough */
export function validMessage(desc: DescMessage, known: Readonly<Record<string, unknown>> = {}): Json {
  const message: Json = {};
  for (const field of desc.fields) {
    if (field.oneof) {
      if (message[field.oneof.localName]) continue;
      message[field.oneof.localName] = { case: field.localName, value: valueOf(field, known) };
    } else message[field.localName] = valueOf(field, known);
  }
  return message;
}

function valueOf(field: DescField, known: Readonly<Record<string, unknown>>): unknown {
  const own = `${field.parent.name}.${field.localName}`;
  if (own in known) return known[own];
  if (field.localName in known) return known[field.localName];
  if (field.fieldKind === "map") return {};
  if (field.fieldKind === "list") {
    const rules = rulesOf(field);
    const items = rules?.type.case === "repeated" ? rules.type.value : undefined;
    return Array.from({ length: Math.max(1, Number(items?.minItems ?? 0)) }, (_, i) => oneOf(field, known, i));
  }
  return oneOf(field, known, 0);
}

function oneOf(field: DescField, known: Readonly<Record<string, unknown>>, index: number): unknown {
  if (field.message) {
    if (field.message.typeName === "google.protobuf.Timestamp") return { seconds: 4_000_000_000n, nanos: 0 };
    return validMessage(field.message, known);
  }
  if (field.enum) return field.enum.values.find(({ number }) => number > 0)?.number ?? 0;
  return scalarOf(field, index);
}

function scalarOf(field: DescField, index: number): unknown {
  const rules = rulesOf(field);
  const own = rules?.type.case === "repeated" ? rules.type.value.items?.type : rules?.type;
  if (field.scalar === ScalarType.STRING) {
    const text = own?.case === "string" ? own.value : undefined;
    const isId = text?.wellKnown.case === "uuid" || /(^|_)id$/.test(field.name);
    if (isId && (text?.wellKnown.case === "uuid" || !text?.pattern)) return index === 0 ? ID : OTHER_ID;
    return "a".repeat(Math.max(1, Number(text?.len || text?.minLen || 1)));
  }
  if (field.scalar === ScalarType.BYTES) {
    const bytes = own?.case === "bytes" ? own.value : undefined;
    return new Uint8Array(Math.max(1, Number(bytes?.len || bytes?.minLen || 1)));
  }
  if (field.scalar === ScalarType.BOOL) return false;
  return LONG.has(field.scalar) ? 1n : 1;
}

const LONG: ReadonlySet<ScalarType | undefined> = new Set([
  ScalarType.UINT64,
  ScalarType.INT64,
  ScalarType.SINT64,
  ScalarType.FIXED64,
  ScalarType.SFIXED64,
]);

function rulesOf(field: DescField) {
  return hasOption(field, fieldRules) ? getOption(field, fieldRules) : undefined;
}
