// Reads a control message's kind and request id from its bytes: enough to refuse the message without decoding it.
import { CONTROL_FRAME } from "@muster/realtime";
import { kindOf } from "./control-limits.ts";

export interface ControlHead {
  readonly requestId: number;
  /** Field number of the message in the contract; 0 for one that this release does not know. */
  readonly number: number;
}

const REQUEST_ID = 1;
/** Request id, message, traceparent, and room for what a later version adds. */
const FIELDS_MAX = 16;
const [VARINT, FIXED64, BYTES, FIXED32] = [0, 1, 2, 5];

/** Of a whole frame. Undefined for what is no control message, or more than one. */
export function controlHead(frame: Uint8Array): ControlHead | undefined {
  if (frame[0] !== CONTROL_FRAME || frame.length === 1) return undefined;
  const cursor = { frame, at: 1 };
  let requestId = 0;
  let number = 0;
  for (let fields = 0; cursor.at < frame.length; fields++) {
    if (fields === FIELDS_MAX) return undefined;
    const tag = varint(cursor);
    if (tag === undefined) return undefined;
    const field = tag >>> 3;
    const wire = tag & 7;
    if (wire === BYTES && kindOf(field) !== undefined) {
      if (number !== 0) return undefined;
      number = field;
    }
    const value = skip(cursor, wire);
    if (value === undefined) return undefined;
    if (field === REQUEST_ID && wire === VARINT) requestId = value;
  }
  return { requestId, number };
}

interface Cursor {
  readonly frame: Uint8Array;
  at: number;
}

/** Past a value. @returns it where it is a varint, else 0; undefined when the frame is too short, or the type none of today's */
function skip(cursor: Cursor, wire: number): number | undefined {
  if (wire === VARINT) return varint(cursor);
  const length = wire === BYTES ? varint(cursor) : wire === FIXED64 ? 8 : wire === FIXED32 ? 4 : undefined;
  if (length === undefined || cursor.at + length > cursor.frame.length) return undefined;
  cursor.at += length;
  return 0;
}

/** The low 32 bits. */
function varint(cursor: Cursor): number | undefined {
  let value = 0;
  for (let shift = 0; shift < 70; shift += 7) {
    const byte = cursor.frame[cursor.at++];
    if (byte === undefined) return undefined;
    if (shift < 32) value |= (byte & 127) << shift;
    if (byte < 128) return value >>> 0;
  }
  return undefined;
}
