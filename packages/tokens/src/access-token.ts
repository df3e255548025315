// Access tokens are verified where they are used, with identity-service's public keys, so no request needs a call. Verifiers
// fetch the valid keys and recent revocations from identity-service every few seconds.
import { type RoleName, roles } from "@muster/contracts/identity/names";
import { commonError, errorsOf } from "@muster/errors";
import type { Logger } from "@muster/log";
import { type Component, type Bounded, BoundedMap, retryForever, sleep } from "@muster/runtime";
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
  /** The key that signed it. */
  readonly keyId: string;
  readonly playerId: string;
  readonly playerName: string;
  /** What the account may do. */
  readonly role: RoleName;
  /** The refresh-token family: one per device. */
  readonly familyId: string;
  /** Seconds since 1970 UTC, to the millisecond: what was revoked in the same second is told apart from it. */
  readonly issuedAt: number;
  /** Seconds since 1970 UTC. */
  readonly expiresAt: number;
}

/** Here and there, for a request and for an open connection: clocks differ by a little. */
export function hasEnded({ expiresAt }: Pick<AccessClaims, "expiresAt">, nowMs: number): boolean {
  return nowMs >= (expiresAt + ACCESS_TOKEN.clockSkewSeconds) * 1000;
}

export interface Revocation {
  /** Every token of a family, or those of a player that were issued up to `revokedAtMs`. */
  readonly subject: "family" | "player";
  readonly id: string;
  /** Since 1970 UTC. */
  readonly revokedAtMs: number;
}

export interface RevocationFeedAnswer {
  readonly jwks: JSONWebKeySet;
  /** Since the watermark; repeats do no harm. */
  readonly revocations?: readonly Revocation[];
  readonly watermark?: bigint;
}

/** Reads the key set, and what was revoked since a watermark (0n: everything that still matters). */
export type RevocationFeed = (watermark: bigint) => Promise<RevocationFeedAnswer>;

const fail = errorsOf({
  token_invalid: { grpc: "unauthenticated", retryable: false, message: "The access token is not valid." },
  token_expired: { grpc: "unauthenticated", retryable: false, message: "The access token has expired." },
  token_revoked: {
    grpc: "unauthenticated",
    retryable: false,
    message: "The session of this access token has ended: refresh the token, or log in.",
  },
});

/** Unknown key ids cannot make us ask more often than this. */
const ASK_COOLDOWN_MS = 2000;
/** An answer with this many revocations may not be the last. */
const FULL_ANSWER = 1000;
/** At about 600 bytes a token; one that is forgotten is checked anew. */
const VERIFIED_MAX = 20_000;

/**
 * base64url has several spellings of the same bytes: bits of the last character that count for nothing, and signs that decoders
 * pass over. One token has one, or it would be another one wherever tokens are compared or remembered.
 */
function isCanonical(token: string): boolean {
  return token.split(".").every((part) => Buffer.from(part, "base64url").toString("base64url") === part);
}

export class TokenVerifier {
  readonly #source: RevocationFeed;
  readonly #revoked = new Revocations();
  #keys = new Map<string, CryptoKey>();
  /** Tokens that have passed. */
  readonly #verified: BoundedMap<string, AccessClaims> | undefined;
  #watermark = 0n;
  #askedAt = -Infinity;
  #asking: Promise<void> | undefined;

  /** `rememberMax`: 0 where a token is shown once, and the connection remembers what it said. */
  constructor(source: RevocationFeed, rememberMax = VERIFIED_MAX) {
    this.#source = source;
    this.#verified = rememberMax > 0 ? new BoundedMap(rememberMax) : undefined;
  }

  get bounded(): Readonly<Record<string, Bounded>> {
    return this.#verified ? { verifiedTokens: this.#verified } : {};
  }

  /** Undefined when tokens can be checked. */
  check(): string | undefined {
    return this.#keys.size > 0 ? undefined : "no public keys yet";
  }

  /** How long ago identity answered, seconds: how old what we know of revocations is. */
  revocationFeedAgeS(): number {
    return (performance.now() - this.#askedAt) / 1000;
  }

  /** Asks identity. @throws AppError unavailable when it does not answer; what was known stays. */
  async refresh(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    await this.#asking;
  }

  /** Keeps asking, every `everyMs`: what a revocation takes to get here. */
  watching(everyMs: number, log: Logger): Component {
    const stop = new AbortController();
    let running: Promise<void> | undefined;
    const watch = async (): Promise<void> => {
      while (!stop.signal.aborted) {
        // Not waited for at a stop: identity may be away, and then the answer takes its whole deadline.
        await unlessAborted(this.refresh(), stop.signal);
        await sleep(everyMs, stop.signal);
      }
    };
    return {
      name: "revocation feed",
      start: async () => {
        running = retryForever(watch, { name: "reading the revocation feed", stop: stop.signal, log });
      },
      stop: async () => {
        stop.abort();
        await running;
      },
    };
  }

  /**
   * A token that was good is looked up by its bytes the next time, and asked only what may have changed: its end, its
   * key, its revocation.
   * @throws AppError token_invalid, token_expired, token_revoked, or unavailable when the keys cannot be had.
   */
  async verify(token: string): Promise<AccessClaims> {
    const known = this.#verified?.get(token);
    if (known && this.#keys.has(known.keyId) && !hasEnded(known, Date.now())) {
      if (this.#revoked.covers(known)) throw fail("token_revoked");
      return known;
    }
    const claims = await this.#verify(token);
    this.#verified?.set(token, claims);
    return claims;
  }

  async #verify(token: string): Promise<AccessClaims> {
    if (!isCanonical(token)) throw fail("token_invalid");
    try {
      const { payload, protectedHeader } = await jwtVerify(token, (header) => this.#keyFor(header.kid), {
        algorithms: [ACCESS_TOKEN.algorithm],
        typ: ACCESS_TOKEN.type,
        issuer: ACCESS_TOKEN.issuer,
        audience: ACCESS_TOKEN.audience,
        clockTolerance: ACCESS_TOKEN.clockSkewSeconds,
        requiredClaims: ["sub", "exp", "iat", "name", "fam"],
      });
      const claims = claimsOf(protectedHeader.kid as string, payload);
      if (this.#revoked.covers(claims)) throw fail("token_revoked");
      return claims;
    } catch (err) {
      throw translated(err);
    }
  }

  /** Whether claims that were good have been revoked since, or the key behind them withdrawn. */
  isRevoked(claims: AccessClaims): boolean {
    return this.#revoked.covers(claims) || !this.#keys.has(claims.keyId);
  }

  async #keyFor(kid: string | undefined): Promise<CryptoKey> {
    if (kid === undefined) throw fail("token_invalid", { message: "The access token names no key." });
    if (!this.#keys.has(kid) && performance.now() - this.#askedAt > ASK_COOLDOWN_MS) await this.#askForKeys();
    const key = this.#keys.get(kid);
    if (!key) throw fail("token_invalid", { message: "The access token is signed with an unknown key." });
    return key;
  }

  /** With old keys in hand an identity that does not answer is no reason to fail. */
  async #askForKeys(): Promise<void> {
    try {
      await this.refresh();
    } catch (err) {
      if (this.#keys.size === 0) throw err;
    }
  }

  async #ask(): Promise<void> {
    for (;;) {
      const { jwks, revocations = [], watermark = 0n } = await this.#read();
      const isFurther = watermark > this.#watermark;
      this.#keys = await importKeys(jwks, this.#keys);
      this.#revoked.add(revocations);
      this.#watermark = watermark;
      this.#askedAt = performance.now();
      if (revocations.length < FULL_ANSWER || !isFurther) return;
    }
  }

  async #read(): Promise<RevocationFeedAnswer> {
    try {
      return await this.#source(this.#watermark);
    } catch (err) {
      throw commonError("unavailable", { cause: err });
    }
  }
}

/** What was revoked, for as long as a token can be older than it. */
class Revocations {
  readonly #families = new Map<string, number>();
  readonly #players = new Map<string, number>();

  add(revocations: readonly Revocation[]): void {
    for (const { subject, id, revokedAtMs } of revocations) {
      const into = subject === "family" ? this.#families : this.#players;
      into.set(id, Math.max(revokedAtMs, into.get(id) ?? 0));
    }
    const oldest = Date.now() - (ACCESS_TOKEN.lifetimeSeconds + 2 * ACCESS_TOKEN.clockSkewSeconds) * 1000;
    for (const map of [this.#families, this.#players]) for (const [id, at] of map) if (at < oldest) map.delete(id);
  }

  covers({ familyId, playerId, issuedAt }: AccessClaims): boolean {
    if (this.#families.has(familyId)) return true;
    const at = this.#players.get(playerId);
    return at !== undefined && Math.round(issuedAt * 1000) <= at;
  }
}

/** Keys that are known are not imported again; those that are no longer published are gone. */
async function importKeys(
  { keys }: JSONWebKeySet,
  known: ReadonlyMap<string, CryptoKey>,
): Promise<Map<string, CryptoKey>> {
  const usable = keys.filter((jwk) => jwk.kid !== undefined && jwk.kty === "OKP" && jwk["crv"] === "Ed25519");
  const imported = usable.map(async (jwk) => {
    const kid = jwk.kid as string;
    return [kid, known.get(kid) ?? ((await importJWK(jwk, "EdDSA")) as CryptoKey)] as const;
  });
  return new Map(await Promise.all(imported));
}

function claimsOf(kid: string, { sub, exp, iat, name, fam, role = "player" }: JWTPayload): AccessClaims {
  const texts = [sub, name, fam].every((claim) => typeof claim === "string");
  if (!texts || typeof exp !== "number" || typeof iat !== "number") throw fail("token_invalid");
  if (typeof role !== "string" || !roles.has(role)) throw fail("token_invalid");
  return {
    keyId: kid,
    playerId: sub as string,
    playerName: name as string,
    role,
    familyId: fam as string,
    issuedAt: iat,
    expiresAt: exp,
  };
}

function translated(err: unknown): unknown {
  if (err instanceof errors.JWTExpired) return fail("token_expired", { cause: err });
  if (err instanceof errors.JOSEError) return fail("token_invalid", { cause: err });
  return err;
}

/** As `work`, or done when the signal aborts: then nobody waits for it any more. */
function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = (): void => resolve();
    signal.addEventListener("abort", leave, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
  });
}
