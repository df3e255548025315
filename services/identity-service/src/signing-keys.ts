// The keys that sign access tokens live in the database, sealed with a key from the configuration, so that every
// instance signs and publishes the same ones.
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { type Database, isDuplicateKey } from "@muster/db";
import { must } from "@muster/errors";
import {
  type CryptoKey,
  type JSONWebKeySet,
  type JWK,
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
} from "jose";
import type { Tables } from "./schema.ts";
import { type StoredKey, insertActiveKey, listKeys } from "./store.ts";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export interface SigningKeys {
  /** Loads the keys; makes the first one when there is none. */
  load(): Promise<void>;
  /** The key that signs now. */
  active(): { readonly kid: string; readonly key: CryptoKey };
  /** Every key that verifies: pending, active and retiring ones. */
  jwks(): JSONWebKeySet;
}

export function createSigningKeys(db: Database<Tables>, encryptionKeyHex: string): SigningKeys {
  const sealKey = Buffer.from(encryptionKeyHex, "hex");
  let active: { kid: string; key: CryptoKey } | undefined;
  let published: JWK[] = [];
  return {
    async load() {
      let keys = await listKeys(db);
      if (!keys.some((key) => key.state === "active")) {
        await makeFirstKey(db, sealKey);
        keys = await listKeys(db);
      }
      const signing = must(
        keys.find((key) => key.state === "active"),
        "there is an active key",
      );
      active = { kid: signing.kid, key: await openKey(signing, sealKey) };
      published = keys.map((key) => JSON.parse(key.public_jwk) as JWK);
    },
    active: () => must(active, "the keys are loaded"),
    jwks: () => ({ keys: published }),
  };
}

async function makeFirstKey(db: Database<Tables>, sealKey: Buffer): Promise<void> {
  const { publicKey, privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  const publicJwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(publicJwk);
  const sealed = seal(Buffer.from(JSON.stringify(await exportJWK(privateKey))), sealKey, kid);
  try {
    await insertActiveKey(db, {
      kid,
      publicJwk: JSON.stringify({ ...publicJwk, kid, use: "sig", alg: "EdDSA" }),
      privateSealed: sealed,
    });
  } catch (err) {
    if (!isDuplicateKey(err)) throw err; // another instance was first: its key serves both
  }
}

async function openKey(stored: StoredKey, sealKey: Buffer): Promise<CryptoKey> {
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

/** AES-256-GCM with the kid as associated data: a sealed key cannot be moved to another row. */
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
