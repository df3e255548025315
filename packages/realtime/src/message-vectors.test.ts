// contracts/realtime/golden/messages.json, both ways. tools/conformance reads and writes the same with codecs that know nothing of ours.
import { readFileSync, writeFileSync } from "node:fs";
import { type DescMessage, fromJson, toJson } from "@bufbuild/protobuf";
import {
  ClientControlSchema as ClientsClientControl,
  ServerControlSchema as ClientsServerControl,
} from "@muster/contracts/realtime/v1/client";
import { file_realtime_v1 } from "@muster/contracts/realtime/v1";
import { describe, expect, it } from "vitest";
import { makeMessageVectors, type MessageVector, ROOTS } from "../test/message-vectors.ts";
import { decodeClientControl, decodeServerControl, encodeClientControl, encodeServerControl } from "./control.ts";
import { CONTROL_FRAME, INPUT_FRAME, PROTOCOL_VERSION } from "./frames.ts";

const GOLDEN = new URL("../../../contracts/realtime/golden/", import.meta.url);
const FILE = new URL("messages.json", GOLDEN);

function textOf({ messages, refused }: ReturnType<typeof makeMessageVectors>): string {
  const lines = (all: readonly unknown[]): string => `[\n${all.map((one) => JSON.stringify(one)).join(",\n")}\n]`;
  return `{"protocolVersion":${PROTOCOL_VERSION},"messages":${lines(messages)},"refused":${lines(refused)}}\n`;
}

if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(FILE, textOf(makeMessageVectors()));
const text = readFileSync(FILE, "utf8");
const { messages } = JSON.parse(text) as { messages: MessageVector[] };

describe("the test vectors of messages", () => {
  it("are what the contract makes", () => {
    expect(textOf(makeMessageVectors())).toBe(text);
  });

  it("contain every message of v1.proto, and every field of each with a value of its own", () => {
    const seen = new Set<string>();
    for (const { message, value, readOnly } of messages) if (!readOnly) note(ROOTS[message], value as Json, seen);
    const wanted = file_realtime_v1.messages.flatMap((schema) => [
      schema.name,
      ...schema.fields.map(({ name }) => `${schema.name}.${name}`),
    ]);
    expect([...seen].toSorted()).toEqual(wanted.toSorted());
  });

  it("contain, with vectors.json, every type of frame that STANDARD.md has", () => {
    const standard = readFileSync(new URL("../STANDARD.md", GOLDEN), "utf8");
    const types = [...standard.matchAll(/^\| `(0x\d\d)` \| \w+ \| (?:both|to the \w+) \|/gm)].map(([, type]) =>
      Number(type),
    );
    const { vectors } = JSON.parse(readFileSync(new URL("vectors.json", GOLDEN), "utf8")) as {
      vectors: { frames: { frame: string; malformed?: true }[]; inputs: { frame: string }[] }[];
    };
    const frames = [
      ...messages,
      ...vectors.flatMap((one) => [...one.frames.filter(({ malformed }) => !malformed), ...one.inputs]),
    ];
    const seen = new Set(frames.map(({ frame }) => Number.parseInt(frame.slice(0, 2), 16)));
    expect([...seen].toSorted((a, b) => a - b)).toEqual(types);
    expect(types).toContain(CONTROL_FRAME);
    expect(types).toContain(INPUT_FRAME);
  });

  it.each(messages)("$message $name: the SDK's codec reads it as the file says, and writes it", (vector) => {
    const bytes = Uint8Array.from(Buffer.from(vector.frame, "hex"));
    const options = { alwaysEmitImplicit: true, useProtoFieldName: true };
    if (vector.message === "ClientControl") {
      expect(toJson(ClientsClientControl, decodeClientControl(bytes), options)).toEqual(vector.value);
      if (!vector.readOnly) expect(encodeClientControl(fromJson(ClientsClientControl, vector.value))).toEqual(bytes);
    } else {
      expect(toJson(ClientsServerControl, decodeServerControl(bytes), options)).toEqual(vector.value);
      if (!vector.readOnly) expect(encodeServerControl(fromJson(ClientsServerControl, vector.value))).toEqual(bytes);
    }
  });
});

type Json = Readonly<Record<string, unknown>>;

/** What of the contract has a value here that is none of its defaults. */
function note(schema: DescMessage, value: Json, seen: Set<string>): void {
  seen.add(schema.name);
  for (const field of schema.fields) {
    const has = value[field.name];
    if (has === undefined || ["", 0, false, "0"].includes(has as string)) continue;
    if (typeof has === "object" && field.fieldKind !== "message" && Object.keys(has as object).length === 0) continue;
    seen.add(`${schema.name}.${field.name}`);
    if (field.fieldKind === "message") note(field.message, has as Json, seen);
    if (field.fieldKind === "list" && field.listKind === "message")
      for (const one of has as Json[]) note(field.message, one, seen);
  }
}
