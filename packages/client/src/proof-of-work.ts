// Solves a log-in challenge, as contracts/openapi/edge.v1.yaml defines it. Works in slices, so that a page stays responsive.
import { sha256 } from "@noble/hashes/sha2.js";
import { MusterError } from "./errors.ts";

export interface Challenge {
  readonly challenge: string;
  /** Leading zero bits. */
  readonly bits: number;
}

/** Half a frame at 60 frames a second. */
const SLICE_MS = 8;
const LOOK_AT_CLOCK_EVERY = 256;
/** Sixty-four times the work of the hardest challenge that a server sends: no player would wait for more. */
const BITS_MAX = 26;

/** @throws MusterError challenge_required if this SDK is too old to solve the challenge */
export function challengeOf(details: Readonly<Record<string, unknown>> | undefined): Challenge {
  const { kind, challenge, bits } = details ?? {};
  if (kind !== "proof_of_work" || typeof challenge !== "string" || typeof bits !== "number" || bits > BITS_MAX)
    throw new MusterError("challenge_required", "the server sent a challenge that this SDK does not support", {
      details,
    });
  return { challenge, bits };
}

/** @returns the proof to send: the challenge and a counter */
export async function solved({ challenge, bits }: Challenge): Promise<string> {
  const message = new Uint8Array(40);
  message.set(sha256(new TextEncoder().encode(challenge)));
  const view = new DataView(message.buffer);
  let sliceEndsAt = performance.now() + SLICE_MS;
  for (let counter = 0; ; counter++) {
    view.setUint32(36, counter); // 2^32 is far above what BITS_MAX needs
    if (leadingZeroBits(sha256(message)) >= bits) return `${challenge}.${counter}`;
    if (counter % LOOK_AT_CLOCK_EVERY > 0 || performance.now() < sliceEndsAt) continue;
    await new Promise((resolve) => setTimeout(resolve, 0));
    sliceEndsAt = performance.now() + SLICE_MS;
  }
}

function leadingZeroBits(hash: Uint8Array): number {
  return Math.clz32(new DataView(hash.buffer, hash.byteOffset).getUint32(0));
}
