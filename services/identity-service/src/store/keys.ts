// SQL for signing keys.
import type { SigningKeyState } from "@muster/contracts/identity/names";
import type { SigningKeysTable } from "../schema.ts";
import type { Db, Tx } from "./db.ts";

const KEY = ["kid", "state", "public_jwk", "private_sealed", "state_since"] as const;
export type StoredKey = Omit<Pick<SigningKeysTable, (typeof KEY)[number]>, "state_since"> & { state_since: Date };

/** All but the removed ones, oldest first. */
export async function listKeys(db: Db): Promise<StoredKey[]> {
  return db.selectFrom("signing_keys").select(KEY).where("state", "!=", "removed").orderBy("created_at").execute();
}

/** The same, locked until the transaction ends: one instance at a time moves keys on. */
export async function lockKeys(tx: Tx): Promise<StoredKey[]> {
  return tx
    .selectFrom("signing_keys")
    .select(KEY)
    .where("state", "!=", "removed")
    .orderBy("created_at")
    .forUpdate()
    .execute();
}

export async function listKeyStates(db: Db): Promise<{ kid: string; state: SigningKeyState; state_since: Date }[]> {
  return db
    .selectFrom("signing_keys")
    .select(["kid", "state", "state_since"])
    .orderBy("created_at", "desc")
    .limit(100)
    .execute();
}

/** @throws a duplicate-key error when there is an active key already. */
export async function insertKey(
  db: Db,
  key: { kid: string; state: "pending" | "active"; publicJwk: string; privateSealed: Buffer; at: Date },
): Promise<void> {
  await db
    .insertInto("signing_keys")
    .values({
      kid: key.kid,
      state: key.state,
      active_slot: key.state === "active" ? 1 : null,
      public_jwk: key.publicJwk,
      private_sealed: key.privateSealed,
      state_since: key.at,
      created_at: key.at,
    })
    .execute();
}

export async function setKeyState(tx: Tx, kid: string, state: SigningKeyState, at: Date): Promise<void> {
  await tx
    .updateTable("signing_keys")
    .set({
      state,
      active_slot: state === "active" ? 1 : null,
      state_since: at,
      ...(state === "removed" ? { private_sealed: Buffer.alloc(0) } : {}),
    })
    .where("kid", "=", kid)
    .execute();
}
