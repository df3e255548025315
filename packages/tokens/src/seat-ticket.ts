// A seat ticket is the signed right to a seat of a match: base64url(SeatClaims) "." base64url(HMAC-SHA-256). The
// matchmaker signs; gateway and shard check. The player keeps it to come back through any gateway.
import { createHmac, timingSafeEqual } from "node:crypto";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { type SeatClaims, SeatClaimsSchema } from "@muster/contracts/matchmaking/v2";

export class SeatTicketSigner {
  readonly #key: Buffer;

  /** 32 bytes as hexadecimal digits. */
  constructor(keyHex: string) {
    this.#key = Buffer.from(keyHex, "hex");
  }

  sign(claims: MessageInitShape<typeof SeatClaimsSchema>): string {
    const payload = Buffer.from(toBinary(SeatClaimsSchema, create(SeatClaimsSchema, claims))).toString("base64url");
    return `${payload}.${mac(this.#key, payload).toString("base64url")}`;
  }
}

export type SeatTicketVerdict =
  | { readonly kind: "valid"; readonly claims: SeatClaims }
  | { readonly kind: "seat_ticket_invalid" | "seat_ticket_expired" };

export class SeatTicketVerifier {
  readonly #key: Buffer;

  constructor(keyHex: string) {
    this.#key = Buffer.from(keyHex, "hex");
  }

  verify(ticket: string, nowMs: number): SeatTicketVerdict {
    const [payload, signature, ...rest] = ticket.split(".");
    if (!payload || !signature || rest.length > 0) return { kind: "seat_ticket_invalid" };
    const [wanted, given] = [mac(this.#key, payload), Buffer.from(signature, "base64url")];
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return { kind: "seat_ticket_invalid" };
    const claims = fromBinary(SeatClaimsSchema, Buffer.from(payload, "base64url")); // we signed it: it parses
    if (Number(claims.expiresAt) * 1000 < nowMs) return { kind: "seat_ticket_expired" };
    return { kind: "valid", claims };
  }
}

function mac(key: Buffer, payload: string): Buffer {
  return createHmac("sha256", key).update(payload).digest();
}
