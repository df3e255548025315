// The challenge of a log-in: contracts/openapi/edge.v1.yaml says what a solution is. In slices, so that a page stays alive.
import { sha256 } from "@noble/hashes/sha2.js";
import { MusterError } from "./errors.ts";

export interface Challenge {
  readonly challenge: string;
  /** Leading zero bits. */
  readonly bits: number;
}

/** Half a frame at 60 a second. */
const SLICE_MS = 8;
const LOOK_AT_CLOCK_EVERY = 256;
/** Sixty-four times the work of the hardest challenge that a server gives: it asks for more than a player would wait for. */
const BITS_MAX = 26;

/** @throws MusterError challenge_required, for a challenge that this SDK cannot solve: it is too old for this server. */
export function challengeOf(details: Readonly<Record<string, unknown>> | undefined): Challenge {
  const { kind, challenge, bits } = details ?? {};
  if (kind !== "proof_of_work" || typeof challenge !== "string" || typeof bits !== "number" || bits > BITS_MAX)
    throw new MusterError("challenge_required", "the server asks for a challenge that this SDK does not know", {
      details,
    });
  return { challenge, bits };
}

/** @returns the proof to send: challenge and counter */
export async function solved({ challenge, bits }: Challenge): Promise<string> {
  const message = new Uint8Array(40);
  message.set(sha256(new TextEncoder().encode(challenge)));
  const view = new DataView(message.buffer);
  let sliceEndsAt = performance.now() + SLICE_MS;
  for (let counter = 0; ; counter++) {
    view.setUint32(36, counter); // 2^32 is far beyond BITS_MAX
    if (leadingZeroBits(sha256(message)) >= bits) return `${challenge}.${counter}`;
    if (counter % LOOK_AT_CLOCK_EVERY > 0 || performance.now() < sliceEndsAt) continue;
    await new Promise((resolve) => setTimeout(resolve, 0));
    sliceEndsAt = performance.now() + SLICE_MS;
  }
}

function leadingZeroBits(hash: Uint8Array): number {
  return Math.clz32(new DataView(hash.buffer, hash.byteOffset).getUint32(0));
}
