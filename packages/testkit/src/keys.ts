import {
  calculateJwkThumbprint,
  type CryptoKey,
  exportJWK,
  generateKeyPair,
  type JSONWebKeySet,
  type JWTHeaderParameters,
  SignJWT,
} from "jose";

export interface TestKeys {
  readonly kid: string;
  readonly jwks: JSONWebKeySet;
  readonly privateKey: CryptoKey;
  /** A token that is good but for what is overridden. */
  sign(claims?: Record<string, unknown>, header?: Partial<JWTHeaderParameters>): Promise<string>;
}

/** A signing key as identity-service has one. */
export async function testKeys(): Promise<TestKeys> {
  const { publicKey, privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  return {
    kid,
    privateKey,
    jwks: { keys: [{ ...jwk, kid, use: "sig", alg: "EdDSA" }] },
    sign(claims = {}, header = {}) {
      const now = Math.floor(Date.now() / 1000);
      const good = {
        iss: "muster-identity",
        aud: "muster",
        sub: "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e",
        name: "tester",
        fam: "f",
        role: "player",
        iat: now,
        exp: now + 600,
      };
      return new SignJWT({ ...good, ...claims })
        .setProtectedHeader({ alg: "EdDSA", typ: "at+jwt", kid, ...header })
        .sign(privateKey);
    },
  };
}
