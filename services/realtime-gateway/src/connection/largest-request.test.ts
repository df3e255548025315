// Every request that the contract allows fits into a frame. Otherwise a list that grows with use could one day be too large
// to send.
import { create, type DescField, type DescMessage, getOption, ScalarType } from "@bufbuild/protobuf";
import { field as fieldRules } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { ClientControlSchema } from "@muster/contracts/realtime/v1";
import { encodeClientControl, FRAME_BYTES_MAX } from "@muster/realtime";
import { expect, it } from "vitest";
import { decodeControl } from "./control-decoding.ts";

const ID = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e";
/** Of UTF-8: a character has at most four bytes. */
const WIDEST = "𝕏";

it.each(ClientControlSchema.oneofs.flatMap(({ fields }) => fields))("$name, as large as its rules allow", (request) => {
  const frame = encodeClientControl({
    requestId: 0xffffffff,
    traceparent: WIDEST.repeat(64),
    message: { case: request.localName, value: largest(request.message as DescMessage) } as never,
  });
  expect(decodeControl(frame)).toMatchObject({ kind: "message" });
  expect(frame.length).toBeLessThanOrEqual(FRAME_BYTES_MAX);
});

function largest(desc: DescMessage): object {
  return create(desc, Object.fromEntries(desc.fields.map((member) => [member.localName, largestOf(member)])));
}

function largestOf(member: DescField): unknown {
  const { type } = getOption(member, fieldRules);
  if (member.fieldKind === "list") {
    if (type.case !== "repeated" || type.value.maxItems === 0n) throw new Error(`${member.name} has no end`);
    return Array.from({ length: Number(type.value.maxItems) }, () => largest(member.message as DescMessage));
  }
  if (member.scalar === ScalarType.UINT64 || member.scalar === ScalarType.FIXED64) return 2n ** 64n - 1n;
  if (member.scalar === ScalarType.UINT32) return 0xffffffff;
  if (member.scalar !== ScalarType.STRING || type.case !== "string")
    throw new Error(`${member.name} is of a kind that this test does not know, or has no end`);
  const { wellKnown, maxLen, maxBytes, pattern } = type.value;
  if (wellKnown.case === "uuid") return ID;
  if (maxBytes > 0n) return "x".repeat(Number(maxBytes));
  if (maxLen === 0n) throw new Error(`${member.name} has no end`);
  return (pattern === "" ? WIDEST : "x").repeat(Number(maxLen));
}
