// Signing keys are stored in the database, sealed, so that all instances sign with and publish the same keys. A key is
// pending (published, so that every verifier has it before the first token appears), active (signs), retiring (verifies the
// last tokens that it signed) and removed (its private half is wiped). The instance that gets the row locks advances the
// keys; the others see the change at their next poll.
import { type Database, inTransaction, isDuplicateKey } from "@muster/db";
import { commonError } from "@muster/errors";
import type { Logger } from "@muster/log";
import { type Component, retryForever, sleep } from "@muster/runtime";
import { ACCESS_TOKEN } from "@muster/tokens";
import type { CryptoKey, JSONWebKeySet, JWK } from "jose";
import { fail } from "./errors.ts";
import { makeSealedKey, openKey } from "./key-sealing.ts";
import type { Tables } from "./schema.ts";
import type { Tx } from "./store/db.ts";
import { lockKeys, insertKey, listKeys, setKeyState, type StoredKey } from "./store/keys.ts";

export interface SigningKeysOptions {
  readonly db: Database<Tables>;
  /** Hexadecimal. */
  readonly encryptionKey: string;
  /** How long a key signs. */
  readonly activeForS: number;
  /** How long a key is published before it signs: longer than verifiers take to hear of it. */
  readonly pendingForS: number;
  /** How often each instance looks. */
  readonly checkEveryMs: number;
  readonly now: () => Date;
  readonly log: Logger;
}

export interface SigningKeys extends Component {
  /** The active key. @throws AppError unavailable if there is none */
  active(): { readonly kid: string; readonly key: CryptoKey };
  /** Undefined while there is a key that signs. */
  check(): string | undefined;
  /** Every key that verifies: pending, active and retiring ones. */
  jwks(): JSONWebKeySet;
  /** Publishes the next key now, unless one is pending. @returns its id. */
  rotate(tx: Tx): Promise<string>;
  /** Withdraws a key at once; another one signs from now on. @throws AppError key_not_found */
  revoke(tx: Tx, kid: string): Promise<void>;
  /** Reads the keys again; after a change that has been committed. */
  reload(): Promise<void>;
}

/** Withdraws every key at once and makes the one that signs from now on. @returns their ids */
export async function replaceKeys(
  tx: Tx,
  encryptionKey: string,
  at: Date,
): Promise<{ readonly kid: string; readonly withdrawn: readonly string[] }> {
  const withdrawn = (await lockKeys(tx)).map(({ kid }) => kid);
  for (const kid of withdrawn) await setKeyState(tx, kid, "removed", at);
  const key = await makeSealedKey(Buffer.from(encryptionKey, "hex"));
  await insertKey(tx, { ...key, state: "active", at });
  return { kid: key.kid, withdrawn };
}

export function createSigningKeys(options: SigningKeysOptions): SigningKeys {
  const { db, now, log } = options;
  const sealKey = Buffer.from(options.encryptionKey, "hex");
  /** A retiring key may still be signing in an instance that has not looked yet. */
  const retiringForS = ACCESS_TOKEN.lifetimeSeconds + ACCESS_TOKEN.clockSkewSeconds + options.checkEveryMs / 1000;
  const stop = new AbortController();
  let running: Promise<void> | undefined;
  let active: { kid: string; key: CryptoKey } | undefined;
  let published: JWK[] = [];
  let looking: Promise<void> = Promise.resolve();

  const insertNew = async (on: Database<Tables> | Tx, state: "pending" | "active"): Promise<string> => {
    const key = await makeSealedKey(sealKey);
    await insertKey(on, { ...key, state, at: now() });
    return key.kid;
  };

  const look = async (): Promise<void> => {
    const keys = await listKeys(db);
    const signing = keys.find((key) => key.state === "active");
    published = keys.map((key) => JSON.parse(key.public_jwk) as JWK);
    if (signing && signing.kid === active?.kid) return;
    // Somebody took it away on purpose: what is gone does not sign on from memory, also when the next one does not open.
    const before = active;
    active = undefined;
    if (signing) active = { kid: signing.kid, key: await openKey(signing, sealKey) };
    else if (before)
      log.error(
        { kid: before.kid },
        "the active signing key has been removed: nothing can be signed until another one is active",
      );
  };

  /** One look after the other: an answer that comes late would bring back a key that was withdrawn meanwhile. */
  const reload = async (): Promise<void> => {
    const mine = looking.then(look, look);
    looking = mine;
    await mine;
  };

  const load = async (): Promise<void> => {
    if (!(await listKeys(db)).some((key) => key.state === "active")) {
      try {
        await insertNew(db, "active");
      } catch (err) {
        if (!isDuplicateKey(err)) throw err; // another instance was first: its key serves both
      }
    }
    await reload();
  };

  /** One step for every key whose time has come. */
  const advance = async (tx: Tx): Promise<void> => {
    const keys = await lockKeys(tx);
    const ageS = (key: StoredKey): number => (now().getTime() - key.state_since.getTime()) / 1000;
    const current = keys.find((key) => key.state === "active");
    if (!current) return; // not replaced automatically: a start creates one, or the operator who removed it does
    const pending = keys.find((key) => key.state === "pending");
    for (const key of keys) {
      if (key.state !== "retiring" || ageS(key) < retiringForS) continue;
      await setKeyState(tx, key.kid, "removed", now());
      log.info({ kid: key.kid }, "signing key removed");
    }
    if (!pending && ageS(current) >= options.activeForS - options.pendingForS) {
      log.info({ kid: await insertNew(tx, "pending") }, "next signing key published");
    } else if (pending && ageS(pending) >= options.pendingForS) {
      await setKeyState(tx, current.kid, "retiring", now());
      await setKeyState(tx, pending.kid, "active", now());
      log.info({ kid: pending.kid, before: current.kid }, "signing key activated");
    }
  };

  const watch = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await sleep(options.checkEveryMs, stop.signal);
      if (stop.signal.aborted) return;
      await inTransaction(db, advance);
      await reload();
    }
  };

  return {
    name: "signing keys",
    async start() {
      await load();
      running = retryForever(watch, { name: "moving the signing keys on", stop: stop.signal, log });
    },
    async stop() {
      stop.abort();
      await running;
    },
    active() {
      if (!active) throw commonError("unavailable");
      return active;
    },
    check: () => (active ? undefined : "there is no active signing key: operator.ts revoke-keys or a start makes one"),
    jwks: () => ({ keys: published }),
    reload,
    async rotate(tx) {
      const pending = (await lockKeys(tx)).find((key) => key.state === "pending");
      return pending?.kid ?? (await insertNew(tx, "pending"));
    },
    async revoke(tx, kid) {
      const keys = await lockKeys(tx);
      const key = keys.find((one) => one.kid === kid);
      if (!key) throw fail("key_not_found");
      await setKeyState(tx, kid, "removed", now());
      if (key.state !== "active") return;
      const next = keys.find((one) => one.state === "pending");
      if (next) await setKeyState(tx, next.kid, "active", now());
      else await insertNew(tx, "active");
    },
  };
}
