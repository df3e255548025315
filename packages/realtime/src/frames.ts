// The parts of contracts/realtime/STANDARD.md that a gateway reads: the frame type, and the header of an input.

/** History: 1 = v2.0. */
export const PROTOCOL_VERSION = 1;
export const SUBPROTOCOL = "muster.v1";
/** A browser cannot set headers: it may offer the token as a second sub-protocol, `muster.token.<token>`. */
export const TOKEN_SUBPROTOCOL_PREFIX = "muster.token.";

export const CONTROL_FRAME = 0x01;
export const INPUT_FRAME = 0x02;
/** Type, sequence number, tick. */
export const INPUT_HEADER_BYTES = 9;
/** Largest frame from a client. */
export const FRAME_BYTES_MAX = 8192;

export interface InputHeader {
  /** Above the last one of this seat. */
  readonly seq: number;
  /** The tick that this input is meant for; 0: as soon as possible. */
  readonly tick: number;
}

export function encodeInput(seq: number, tick: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(INPUT_HEADER_BYTES + payload.length);
  const view = new DataView(frame.buffer);
  view.setUint8(0, INPUT_FRAME);
  view.setUint32(1, seq, true);
  view.setUint32(5, tick, true);
  frame.set(payload, INPUT_HEADER_BYTES);
  return frame;
}

/** `at` is where the sequence number stands. Undefined when the bytes are too few. */
export function readInputHeader(bytes: Uint8Array, at: number): InputHeader | undefined {
  if (bytes.length < at + INPUT_HEADER_BYTES - 1) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { seq: view.getUint32(at, true), tick: view.getUint32(at + 4, true) };
}
