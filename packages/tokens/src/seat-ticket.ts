// A seat ticket is the authorization to take a seat of a match: base64url(nonce · tag · ciphertext) of SeatClaims under
// AES-256-GCM. The matchmaker seals it; gateway and shard open it. The player keeps it to return through any gateway, and can
// neither change it nor read the addresses in it.
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { type SeatClaims, SeatClaimsSchema } from "@muster/contracts/matchmaking/v2";

const CIPHER = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export class SeatTicketSealer {
  readonly #key: Buffer;

  /** 32 bytes as hexadecimal digits; of several, comma-separated, the first. */
  constructor(keysHex: string) {
    this.#key = keysFrom(keysHex)[0] as Buffer;
  }

  seal(claims: MessageInitShape<typeof SeatClaimsSchema>): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, nonce);
    const sealed = Buffer.concat([
      cipher.update(toBinary(SeatClaimsSchema, create(SeatClaimsSchema, claims))),
      cipher.final(),
    ]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString("base64url");
  }
}

export type SeatTicketVerdict =
  | { readonly kind: "valid"; readonly claims: SeatClaims }
  | { readonly kind: "seat_ticket_invalid" | "seat_ticket_expired" };

function keysFrom(keysHex: string): Buffer[] {
  return keysHex.split(",").map((key) => Buffer.from(key, "hex"));
}

export class SeatTicketOpener {
  readonly #keys: readonly Buffer[];

  /** Of several keys, comma-separated, each opens: while they are being changed. */
  constructor(keysHex: string) {
    this.#keys = keysFrom(keysHex);
  }

  open(ticket: string, nowMs: number): SeatTicketVerdict {
    const opened = this.#unseal(ticket);
    if (!opened) return { kind: "seat_ticket_invalid" };
    const claims = fromBinary(SeatClaimsSchema, opened); // we sealed it: it parses
    if (Number(claims.expiresAt) * 1000 < nowMs) return { kind: "seat_ticket_expired" };
    return { kind: "valid", claims };
  }

  /** Undefined for anything that was not sealed with our key, to the last bit. */
  #unseal(ticket: string): Buffer | undefined {
    const bytes = Buffer.from(ticket, "base64url");
    // Decoding is lenient; a ticket has one form only.
    if (bytes.length <= NONCE_BYTES + TAG_BYTES || bytes.toString("base64url") !== ticket) return undefined;
    for (const key of this.#keys) {
      const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
      decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
      try {
        return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
      } catch {
        // The tag does not fit: another key's, forged, changed, or another installation's.
      }
    }
    return undefined;
  }
}
