// One spelling for every id. RFC 9562 allows both cases: a database column of type `uuid` treats them as the same id, but a
// text key or a comparison does not. So incoming messages are normalised on arrival, by the rules of the contract: every
// field that the contract declares a UUID, without a list in any handler.
import { type DescField, type DescMessage, getOption, hasOption } from "@bufbuild/protobuf";
import { field as fieldRules } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";

/** 8-4-4-4-12 with hyphens, of version 7 or lower: what MariaDB's `uuid` can hold. */
const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-7][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** In lower case; undefined for what is no id: braces, `urn:uuid:`, without hyphens, version 8 and up. */
export function canonicalId(text: string): string | undefined {
  return ID.test(text) ? text.toLowerCase() : undefined;
}

/** Brings the ids of one message into their form, in place. @returns the path of the first that has none. */
export type Canonicaliser = (message: unknown) => string | undefined;

type Fields = Record<string, unknown>;

const made = new Map<DescMessage, Canonicaliser>();

/** Of a message type, with everything inside it. Made once per type; fields without ids cost nothing. */
export function canonicaliserOf(desc: DescMessage): Canonicaliser {
  const before = made.get(desc);
  if (before) return before;
  const steps: Canonicaliser[] = [];
  const canonicalise: Canonicaliser = (message) => {
    for (const step of steps) {
      const wrong = step(message);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  };
  made.set(desc, canonicalise); // before its fields: a type may contain itself
  for (const member of desc.fields) {
    const value = valueStep(member);
    if (value) steps.push(fieldStep(member, value));
  }
  return canonicalise;
}

/** Whether the contract says that this field, or each of its elements, is a UUID. */
export function isIdField(member: DescField): boolean {
  if (!hasOption(member, fieldRules)) return false;
  const { type } = getOption(member, fieldRules);
  const rules = type.case === "repeated" ? type.value.items?.type : type;
  return rules?.case === "string" && rules.value.wellKnown.case === "uuid" && rules.value.wellKnown.value;
}

/** For a server: ids of every request, and of every message of a stream, by the descriptors of its service. */
export function canonicalIds(): Interceptor {
  return (next) => (req) => {
    const canonicalise = canonicaliserOf(req.method.input);
    if (req.stream) return next({ ...req, message: eachCanonical(req.message, canonicalise) });
    refuse(canonicalise(req.message));
    return next(req);
  };
}

async function* eachCanonical<T>(messages: AsyncIterable<T>, canonicalise: Canonicaliser): AsyncGenerator<T> {
  for await (const message of messages) {
    refuse(canonicalise(message));
    yield message;
  }
}

function refuse(path: string | undefined): void {
  if (path !== undefined) throw new ConnectError(`${path}: is no UUID of version 7 or lower`, Code.InvalidArgument);
}

/** One value: its form, or where it has none. Undefined for fields that hold no ids. */
function valueStep(member: DescField): ((value: unknown) => { value: unknown } | { wrong: string }) | undefined {
  if (isIdField(member))
    return (value) => {
      if (value === "") return { value }; // whether it may be empty is the validation's to say
      const id = canonicalId(String(value));
      return id === undefined ? { wrong: member.name } : { value: id };
    };
  const { message } = member;
  if (!message || message.typeName.startsWith("google.protobuf.") || !containsIds(message)) return undefined;
  const inner = canonicaliserOf(message);
  return (value) => {
    const wrong = inner(value);
    return wrong === undefined ? { value } : { wrong: `${member.name}.${wrong}` };
  };
}

function fieldStep(member: DescField, step: NonNullable<ReturnType<typeof valueStep>>): Canonicaliser {
  const { localName, oneof, fieldKind } = member;
  const set = (holder: Fields | unknown[], key: string | number): string | undefined => {
    const done = step((holder as Fields)[key]);
    if ("wrong" in done) return done.wrong;
    (holder as Fields)[key] = done.value;
    return undefined;
  };
  return (message) => {
    if (oneof) {
      const chosen = (message as Fields)[oneof.localName] as { case?: string; value?: unknown };
      return chosen.case === localName ? set(chosen as Fields, "value") : undefined;
    }
    const value = (message as Fields)[localName];
    if (value === undefined) return undefined;
    if (fieldKind === "scalar" || fieldKind === "message") return set(message as Fields, localName);
    const items = value as unknown[] | Fields;
    for (const key of Object.keys(items)) {
      const wrong = set(items as Fields, key);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  };
}

function containsIds(desc: DescMessage, seen: ReadonlySet<DescMessage> = new Set()): boolean {
  if (seen.has(desc)) return false;
  const path = new Set([...seen, desc]);
  return desc.fields.some((member) => isIdField(member) || (member.message && containsIds(member.message, path)));
}
