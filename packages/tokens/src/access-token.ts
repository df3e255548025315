// Access tokens are checked where they are used, with identity's public keys: no call per request.
import { commonError, errorsOf } from "@muster/errors";
import { type CryptoKey, type JSONWebKeySet, type JWTPayload, errors, importJWK, jwtVerify } from "jose";

/** What every access token says, and every verifier insists on (RFC 8725, RFC 9068). */
export const ACCESS_TOKEN = {
  algorithm: "EdDSA",
  type: "at+jwt",
  issuer: "muster-identity",
  audience: "muster",
  lifetimeSeconds: 600,
  clockSkewSeconds: 5,
} as const;

export interface AccessClaims {
  readonly playerId: string;
  readonly playerName: string;
  /** The refresh-token family: one per device. */
  readonly familyId: string;
  /** Seconds since 1970 UTC. */
  readonly expiresAt: number;
}

/** Reads the current key set; called when none is held, when it is old, and when a token names an unknown key. */
export type JwksSource = () => Promise<JSONWebKeySet>;

const fail = errorsOf({
  token_invalid: { grpc: "unauthenticated", retryable: false, message: "The access token is not valid." },
  token_expired: { grpc: "unauthenticated", retryable: false, message: "The access token has ended." },
});

const JWKS_MAX_AGE_MS = 600_000;
/** Unknown key ids cannot make us ask more often than this. */
const JWKS_COOLDOWN_MS = 2000;

export class TokenVerifier {
  readonly #source: JwksSource;
  #keys = new Map<string, CryptoKey>();
  #fetchedAt = -Infinity;
  #fetching: Promise<void> | undefined;

  constructor(source: JwksSource) {
    this.#source = source;
  }

  /** Undefined when tokens can be checked. */
  check(): string | undefined {
    return this.#keys.size > 0 ? undefined : "no public keys yet";
  }

  /** Fetches the keys; keeps the old ones when that fails. @throws AppError unavailable when there are none at all. */
  async refresh(): Promise<void> {
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = undefined;
    });
    await this.#fetching;
  }

  /** @throws AppError token_invalid, token_expired, or unavailable when the keys cannot be had. */
  async verify(token: string): Promise<AccessClaims> {
    try {
      const { payload } = await jwtVerify(token, (header) => this.#keyFor(header.kid), {
        algorithms: [ACCESS_TOKEN.algorithm],
        typ: ACCESS_TOKEN.type,
        issuer: ACCESS_TOKEN.issuer,
        audience: ACCESS_TOKEN.audience,
        clockTolerance: ACCESS_TOKEN.clockSkewSeconds,
        requiredClaims: ["sub", "exp", "iat", "name", "fam"],
      });
      return claimsOf(payload);
    } catch (err) {
      throw translated(err);
    }
  }

  async #keyFor(kid: string | undefined): Promise<CryptoKey> {
    if (kid === undefined) throw fail("token_invalid", { message: "The access token names no key." });
    const age = performance.now() - this.#fetchedAt;
    const stale = age > JWKS_MAX_AGE_MS || (!this.#keys.has(kid) && age > JWKS_COOLDOWN_MS);
    if (stale) await this.refresh();
    const key = this.#keys.get(kid);
    if (!key) throw fail("token_invalid", { message: "The access token is signed with an unknown key." });
    return key;
  }

  async #fetch(): Promise<void> {
    try {
      const { keys } = await this.#source();
      const usable = keys.filter((jwk) => jwk.kid !== undefined && jwk.kty === "OKP" && jwk["crv"] === "Ed25519");
      const imported = await Promise.all(
        usable.map(async (jwk) => [jwk.kid as string, (await importJWK(jwk, "EdDSA")) as CryptoKey] as const),
      );
      this.#keys = new Map(imported);
      this.#fetchedAt = performance.now();
    } catch (err) {
      if (this.#keys.size === 0) throw commonError("unavailable", { cause: err });
    }
  }
}

function claimsOf(payload: JWTPayload): AccessClaims {
  const { sub, exp, name, fam } = payload;
  if (typeof sub !== "string" || typeof exp !== "number" || typeof name !== "string" || typeof fam !== "string") {
    throw fail("token_invalid");
  }
  return { playerId: sub, playerName: name, familyId: fam, expiresAt: exp };
}

function translated(err: unknown): unknown {
  if (err instanceof errors.JWTExpired) return fail("token_expired", { cause: err });
  if (err instanceof errors.JOSEError) return fail("token_invalid", { cause: err });
  return err;
}
