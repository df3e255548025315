// What an unknown device must solve before a password is verified: a proof of work like Hashcash (A. Back, 2002). A challenge
// is signed and says what it is for, so nothing is stored until it is solved; each solution is accepted once. Another kind of
// challenge, such as a CAPTCHA provider, can implement the same interface.
import { createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from "node:crypto";
import type { Database } from "@muster/db";
import type { Tables } from "./schema.ts";
import { spendChallenge } from "./store/challenges.ts";

export interface Challenge {
  readonly kind: "proof_of_work";
  /** Opaque. */
  readonly challenge: string;
  /** Leading zero bits that SHA-256(SHA-256(challenge) · counter, 8 bytes, big endian) has to have. */
  readonly bits: number;
}

export interface Challenges {
  /** `subject`: the only thing that the challenge is valid for. */
  issue(subject: Buffer, bits: number): Challenge;
  /** True if `proof` solves one of our challenges for this subject, with at least this many bits, in time, and for the first time. */
  redeem(db: Database<Tables>, subject: Buffer, proof: string, bitsMin: number): Promise<boolean>;
}

/** A slow phone solves the hardest one in it several times over. */
const LIFETIME_MS = 120_000;
const NONCE_BYTES = 16;
const EXPIRY_BYTES = 6;
const MAC_BYTES = 16;
const COUNTER_BYTES = 8;
const PAYLOAD_BYTES = NONCE_BYTES + EXPIRY_BYTES + 1;

/** `secret`: hexadecimal. */
export function createChallenges(secret: string, now: () => Date): Challenges {
  const key = Buffer.from(hkdfSync("sha256", Buffer.from(secret, "hex"), "", "muster log-in challenge", 32));
  const macOf = (payload: Buffer, subject: Buffer): Buffer =>
    createHmac("sha256", key).update(payload).update(subject).digest().subarray(0, MAC_BYTES);
  return {
    issue(subject, bits) {
      const payload = Buffer.alloc(PAYLOAD_BYTES);
      randomBytes(NONCE_BYTES).copy(payload);
      payload.writeUIntBE(now().getTime() + LIFETIME_MS, NONCE_BYTES, EXPIRY_BYTES);
      payload.writeUInt8(bits, NONCE_BYTES + EXPIRY_BYTES);
      const challenge = Buffer.concat([payload, macOf(payload, subject)]).toString("base64url");
      return { kind: "proof_of_work", challenge, bits };
    },
    async redeem(db, subject, proof, bitsMin) {
      const [challenge = "", counter = ""] = proof.split(".");
      const bytes = Buffer.from(challenge, "base64url");
      // One spelling of it only: what is spent is spent.
      if (bytes.length !== PAYLOAD_BYTES + MAC_BYTES || bytes.toString("base64url") !== challenge) return false;
      const payload = bytes.subarray(0, PAYLOAD_BYTES);
      if (!timingSafeEqual(bytes.subarray(PAYLOAD_BYTES), macOf(payload, subject))) return false;
      const expiresAt = payload.readUIntBE(NONCE_BYTES, EXPIRY_BYTES);
      if (expiresAt <= now().getTime()) return false;
      const bits = payload.readUInt8(NONCE_BYTES + EXPIRY_BYTES);
      if (bits < bitsMin || !isSolution(challenge, counter, bits)) return false;
      return spendChallenge(db, payload.subarray(0, NONCE_BYTES), new Date(expiresAt));
    },
  };
}

function isSolution(challenge: string, counter: string, bits: number): boolean {
  if (!/^\d{1,16}$/.test(counter)) return false;
  const bytes = Buffer.alloc(COUNTER_BYTES);
  bytes.writeBigUInt64BE(BigInt(counter));
  const hash = createHash("sha256").update(createHash("sha256").update(challenge).digest()).update(bytes).digest();
  return Math.clz32(hash.readUInt32BE(0)) >= bits; // bits is at most 32
}
