import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
// Without the validation rules, which would be half of a web game's SDK. Who checks them has the other one.
import {
  type ClientControl,
  ClientControlSchema,
  type ServerControl,
  ServerControlSchema,
} from "@muster/contracts/realtime/v1/client";
import { CONTROL_FRAME } from "./frames.ts";

/** A whole frame, type byte first. */
export function encodeClientControl(message: MessageInitShape<typeof ClientControlSchema>): Uint8Array<ArrayBuffer> {
  return framed(toBinary(ClientControlSchema, create(ClientControlSchema, message)));
}

export function encodeServerControl(message: MessageInitShape<typeof ServerControlSchema>): Uint8Array<ArrayBuffer> {
  return framed(toBinary(ServerControlSchema, create(ServerControlSchema, message)));
}

/** What a later version may have added is passed over: kept, it costs seven times as much. `frame` includes the type byte. @throws Error for bytes that are no such message. */
export function decodeClientControl(frame: Uint8Array): ClientControl {
  return fromBinary(ClientControlSchema, frame.subarray(1), { readUnknownFields: false });
}

export function decodeServerControl(frame: Uint8Array): ServerControl {
  return fromBinary(ServerControlSchema, frame.subarray(1));
}

function framed(body: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(body.length + 1);
  frame[0] = CONTROL_FRAME;
  frame.set(body, 1);
  return frame;
}
