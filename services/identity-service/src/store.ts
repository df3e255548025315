// Every SQL statement of identity-service.
import type { Database } from "@muster/db";
import type { Transaction } from "kysely";
import type { Account, SigningKeysTable, Tables } from "./schema.ts";

export type Db = Database<Tables> | Transaction<Tables>;
type Tx = Transaction<Tables>;

const ACCOUNT = ["id", "name", "name_key", "kind", "created_at"] as const;

export async function insertAccount(
  db: Tx,
  account: { id: string; name: string; nameKey: string; kind: Account["kind"]; createdAt: Date },
): Promise<void> {
  const { id, name, nameKey, kind, createdAt } = account;
  await db.insertInto("accounts").values({ id, name, name_key: nameKey, kind, created_at: createdAt }).execute();
}

export async function insertCredentials(db: Tx, accountId: string, phc: string): Promise<void> {
  await db.insertInto("credentials").values({ account_id: accountId, password_phc: phc }).execute();
}

export async function insertGuestDevice(db: Tx, keyHash: Buffer, accountId: string): Promise<void> {
  await db.insertInto("guest_devices").values({ key_hash: keyHash, account_id: accountId }).execute();
}

export async function findAccount(db: Db, id: string): Promise<Account | undefined> {
  return db.selectFrom("accounts").select(ACCOUNT).where("id", "=", id).executeTakeFirst();
}

export async function findAccountWithPassword(
  db: Db,
  nameKey: string,
): Promise<(Account & { password_phc: string }) | undefined> {
  return db
    .selectFrom("accounts as a")
    .innerJoin("credentials as c", "c.account_id", "a.id")
    .select(["a.id", "a.name", "a.name_key", "a.kind", "a.created_at", "c.password_phc"])
    .where("a.name_key", "=", nameKey)
    .executeTakeFirst();
}

export async function findAccountByDevice(db: Db, keyHash: Buffer): Promise<Account | undefined> {
  return db
    .selectFrom("guest_devices as g")
    .innerJoin("accounts as a", "a.id", "g.account_id")
    .select(["a.id", "a.name", "a.name_key", "a.kind", "a.created_at"])
    .where("g.key_hash", "=", keyHash)
    .executeTakeFirst();
}

export async function insertFamily(
  db: Tx,
  family: { id: string; accountId: string; deviceLabel: string; expiresAt: Date },
): Promise<void> {
  const { id, accountId, deviceLabel, expiresAt } = family;
  await db
    .insertInto("token_families")
    .values({
      id,
      account_id: accountId,
      device_label: deviceLabel,
      expires_at: expiresAt,
      revoked_at: null,
      revoke_reason: null,
    })
    .execute();
}

export async function insertRefreshToken(
  db: Tx,
  token: { hash: Buffer; familyId: string; expiresAt: Date },
): Promise<void> {
  await db
    .insertInto("refresh_tokens")
    .values({ token_hash: token.hash, family_id: token.familyId, expires_at: token.expiresAt, rotated_at: null })
    .execute();
}

export interface HeldRefreshToken {
  readonly family_id: string;
  readonly token_expires_at: Date;
  readonly rotated_at: Date | null;
  readonly family_expires_at: Date;
  readonly revoked_at: Date | null;
  readonly account_id: string;
}

/** Locks the token's family until the transaction ends: of two uses at the same instant, one sees the other. */
export async function holdRefreshToken(db: Tx, hash: Buffer): Promise<HeldRefreshToken | undefined> {
  return db
    .selectFrom("refresh_tokens as t")
    .innerJoin("token_families as f", "f.id", "t.family_id")
    .select([
      "t.family_id",
      "t.expires_at as token_expires_at",
      "t.rotated_at",
      "f.expires_at as family_expires_at",
      "f.revoked_at",
      "f.account_id",
    ])
    .where("t.token_hash", "=", hash)
    .forUpdate()
    .executeTakeFirst();
}

export async function markRotated(db: Tx, hash: Buffer, at: Date): Promise<void> {
  await db.updateTable("refresh_tokens").set({ rotated_at: at }).where("token_hash", "=", hash).execute();
}

export async function revokeFamily(db: Tx, familyId: string, reason: "logged_out" | "reused", at: Date): Promise<void> {
  await db
    .updateTable("token_families")
    .set({ revoked_at: at, revoke_reason: reason })
    .where("id", "=", familyId)
    .where("revoked_at", "is", null)
    .execute();
}

const KEY = ["kid", "state", "public_jwk", "private_sealed"] as const;
export type StoredKey = Pick<SigningKeysTable, (typeof KEY)[number]>;

export async function listKeys(db: Db): Promise<StoredKey[]> {
  return db.selectFrom("signing_keys").select(KEY).where("state", "!=", "removed").orderBy("created_at").execute();
}

/** @throws a duplicate-key error when there is an active key already. */
export async function insertActiveKey(
  db: Db,
  key: { kid: string; publicJwk: string; privateSealed: Buffer },
): Promise<void> {
  await db
    .insertInto("signing_keys")
    .values({
      kid: key.kid,
      state: "active",
      active_slot: 1,
      public_jwk: key.publicJwk,
      private_sealed: key.privateSealed,
    })
    .execute();
}
