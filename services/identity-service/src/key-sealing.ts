// Private signing keys are stored sealed: AES-256-GCM, nonce (12) · tag (16) · ciphertext. The key id is associated
// data, so that a sealed key cannot be moved to another row.
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { type CryptoKey, type JWK, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK } from "jose";
import type { StoredKey } from "./store/keys.ts";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A fresh Ed25519 key; its id is its RFC 7638 thumbprint. */
export async function makeSealedKey(
  sealKey: Buffer,
): Promise<{ kid: string; publicJwk: string; privateSealed: Buffer }> {
  const { publicKey, privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  const publicJwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(publicJwk);
  return {
    kid,
    publicJwk: JSON.stringify({ ...publicJwk, kid, use: "sig", alg: "EdDSA" }),
    privateSealed: seal(Buffer.from(JSON.stringify(await exportJWK(privateKey))), sealKey, kid),
  };
}

export async function openKey(stored: StoredKey, sealKey: Buffer): Promise<CryptoKey> {
  let jwk: JWK;
  try {
    jwk = JSON.parse(unseal(stored.private_sealed, sealKey, stored.kid).toString()) as JWK;
  } catch (err) {
    throw new Error(
      `the signing key ${stored.kid} does not open: is IDENTITY_KEY_ENCRYPTION_KEY the one that sealed it?`,
      { cause: err },
    );
  }
  return (await importJWK(jwk, "EdDSA")) as CryptoKey;
}

function seal(plain: Buffer, key: Buffer, kid: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(kid));
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
}

function unseal(sealed: Buffer, key: Buffer, kid: string): Buffer {
  const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, NONCE_BYTES)).setAAD(Buffer.from(kid));
  decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
}
