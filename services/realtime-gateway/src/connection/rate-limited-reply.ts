// The reply to a control message above its limit. It is encoded by hand, because a message above the limit must cost less
// than one below it.
import { create, toBinary } from "@bufbuild/protobuf";
import { ErrorSchema, ServerControlSchema } from "@muster/contracts/realtime/v1";
import { CONTROL_FRAME, REALTIME_ERRORS } from "@muster/realtime";

const { message, retryable } = REALTIME_ERRORS.rate_limited;
const FIXED = toBinary(ErrorSchema, create(ErrorSchema, { code: "rate_limited", message, retryable }));
const [VARINT, BYTES] = [0, 2];
const REQUEST_ID = (ServerControlSchema.field.requestId.number << 3) | VARINT;
const ERROR = (ServerControlSchema.field.error.number << 3) | BYTES;
const RETRY_AFTER_MS = (ErrorSchema.field.retryAfterMs.number << 3) | VARINT;
const VARINT_BYTES_MAX = 5;
/** Type, request, and the error's head: its length is below 128. */
const HEAD_BYTES_MAX = 2 + VARINT_BYTES_MAX + 2;

const scratch = new Uint8Array(HEAD_BYTES_MAX + FIXED.length + 1 + VARINT_BYTES_MAX);

/** A whole frame, valid until the next call. */
export function rateLimitedReply(requestId: number, retryAfterMs: number): Uint8Array {
  scratch[0] = CONTROL_FRAME;
  scratch[1] = REQUEST_ID;
  let at = putVarint(2, requestId);
  scratch[at++] = ERROR;
  const lengthAt = at++;
  for (let i = 0; i < FIXED.length; i++) scratch[at++] = FIXED[i] as number;
  scratch[at++] = RETRY_AFTER_MS;
  at = putVarint(at, retryAfterMs);
  scratch[lengthAt] = at - lengthAt - 1;
  return scratch.subarray(0, at);
}

/** @returns where the next byte goes */
function putVarint(at: number, value: number): number {
  let left = value >>> 0;
  for (; left > 127; left >>>= 7) scratch[at++] = (left & 127) | 128;
  scratch[at++] = left;
  return at;
}
