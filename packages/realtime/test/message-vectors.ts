// The test vectors of contracts/realtime/golden/messages.json: every control message as bytes and as JSON, made from the contract itself.
import {
  create,
  type DescField,
  type DescMessage,
  type JsonValue,
  type Message,
  type MessageInitShape,
  ScalarType,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { reflect, type ReflectMessage } from "@bufbuild/protobuf/reflect";
import { ClientControlSchema, ServerControlSchema } from "@muster/contracts/realtime/v1";

export const ROOTS = { ClientControl: ClientControlSchema, ServerControl: ServerControlSchema } as const;
export type RootName = keyof typeof ROOTS;

export interface MessageVector {
  readonly name: string;
  readonly message: RootName;
  /** The frame, type byte included, in hexadecimal digits. */
  readonly frame: string;
  /** Protobuf's JSON with the names of the .proto file, every field in it; numbers of 64 bits as decimal texts. */
  readonly value: JsonValue;
  /** Bytes that other encoders may make, or a later version: they are read like this, and nobody has to write them. */
  readonly readOnly?: true;
}

export interface RefusedVector {
  readonly name: string;
  /** What a client sent; a server closes with `close`. */
  readonly frame: string;
  readonly close: number;
}

const CONTROL = 0x01;
const BAD_FRAME = 4500;
const TEXT = "é 漢 🙂";

export function makeMessageVectors(): { messages: MessageVector[]; refused: RefusedVector[] } {
  return { messages: [...everyMessage(), ...readOnly()], refused: refused() };
}

function everyMessage(): MessageVector[] {
  return Object.entries(ROOTS).flatMap(([root, schema]) =>
    schema.oneofs.flatMap(({ fields }) =>
      fields.flatMap((field) => [
        vector(`${field.name}: nothing but defaults`, root as RootName, withCase(schema, field, false)),
        vector(`${field.name}: every field`, root as RootName, withCase(schema, field, true)),
      ]),
    ),
  );
}

/** `full`: each field has a value that its type makes hard to read wrongly. */
function withCase(schema: DescMessage, field: DescField, full: boolean): Message {
  const root = reflect(schema);
  if (full) fillScalars(root, schema);
  if (field.fieldKind !== "message") throw new Error(`${field.name} is no message`);
  const value = reflect(field.message);
  if (full) fill(value, field.message);
  root.set(field, value);
  return root.message;
}

function fillScalars(into: ReflectMessage, schema: DescMessage): void {
  for (const field of schema.fields) {
    if (field.fieldKind === "scalar") into.set(field, scalar(field.scalar, field.number, field.name));
  }
}

function fill(into: ReflectMessage, schema: DescMessage): void {
  fillScalars(into, schema);
  for (const field of schema.fields) {
    if (field.fieldKind === "list" && field.listKind === "message") {
      const full = reflect(field.message);
      fill(full, field.message);
      for (const one of [full, reflect(field.message)]) into.get(field).add(one);
    } else if (field.fieldKind === "map") {
      for (const [key, value] of [
        [TEXT, -2_147_483_648],
        ["zero", 0],
      ] as const)
        into.get(field).set(key, value);
    } else if (field.fieldKind !== "scalar") throw new Error(`no value for ${field.name}`);
  }
}

function scalar(type: ScalarType, number: number, name: string): string | number | bigint | boolean {
  if (type === ScalarType.STRING) return `${name} ${TEXT}`;
  if (type === ScalarType.BOOL) return true;
  if (type === ScalarType.UINT32) return 0xffff_ffff - number;
  if (type === ScalarType.INT32) return -number;
  if (type === ScalarType.UINT64) return 2n ** 53n + BigInt(number);
  if (type === ScalarType.FIXED64) return 2n ** 64n - BigInt(number);
  throw new Error(`no value of ${ScalarType[type]}`);
}

function readOnly(): MessageVector[] {
  const pong = (payload: bigint): MessageInitShape<typeof ServerControlSchema> => ({
    requestId: 7,
    message: { case: "pong", value: { payload } },
  });
  const [id, value] = [
    [0x08, 7],
    [0x5a, 9, 0x09, 5, 0, 0, 0, 0, 0, 0, 0],
  ];
  const five = create(ServerControlSchema, pong(5n));
  const as = (name: string, ...parts: (readonly number[])[]): MessageVector => ({
    ...vector(name, "ServerControl", five),
    frame: Buffer.from([CONTROL, ...parts.flat()]).toString("hex"),
    readOnly: true,
  });
  return [
    as("fields in another order", value, id),
    as("a default that is written out: match_seq 0", id, value, [0xa0, 0x01, 0]),
    as(
      "fields of a later version: a number, 8 bytes, a text, 4 bytes",
      id,
      value,
      [0x98, 0x06, 1],
      [0x99, 0x06, 1, 2, 3, 4, 5, 6, 7, 8],
      [0x9a, 0x06, 2, 0x68, 0x69],
      [0x9d, 0x06, 1, 2, 3, 4],
    ),
    as("a number that is longer than it has to be", [0x08, 0x87, 0x80, 0], value),
    {
      ...vector("a message of a later version: to be ignored", "ServerControl", create(ServerControlSchema, {})),
      frame: Buffer.from([CONTROL, 0x9a, 0x06, 0]).toString("hex"),
      readOnly: true,
    },
  ];
}

function refused(): RefusedVector[] {
  const hex = (name: string, ...bytes: number[]): RefusedVector => ({
    name,
    frame: Buffer.from(bytes).toString("hex"),
    close: BAD_FRAME,
  });
  const ping = [0x3a, 0];
  const manyFields = Array.from({ length: 17 }, () => [0x08, 1]).flat();
  return [
    hex("an empty message"),
    hex("a frame of an unknown type", 0x09),
    hex("a keyframe, which only servers send", 0x03, 0),
    hex("a delta, which only servers send", 0x04, 0),
    hex("an input shorter than its header", 0x02, 1, 0, 0, 0, 0, 0, 0),
    hex("a control message that is empty", CONTROL),
    hex("a control message that ends within a field", CONTROL, 0x3a, 9, 0x09, 1),
    hex("a control message with two requests", CONTROL, ...ping, 0x2a, 0),
    hex("a control message with the same request twice", CONTROL, ...ping, ...ping),
    hex("a control message with 17 fields at the top level", CONTROL, ...manyFields, ...ping),
  ];
}

function vector(name: string, message: RootName, value: Message): MessageVector {
  const schema: DescMessage = ROOTS[message];
  const json = toJson(schema, value, { alwaysEmitImplicit: true, useProtoFieldName: true });
  const frame = Buffer.concat([Buffer.of(CONTROL), toBinary(schema, value)]).toString("hex");
  return { name, message, frame, value: json };
}
