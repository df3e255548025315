// SQL for refresh-token families, refresh tokens and revocations.
import type { RevocationsTable, RevokeReason } from "../schema.ts";
import type { Db, Tx } from "./db.ts";

export async function insertFamily(
  tx: Tx,
  family: { id: string; accountId: string; deviceLabel: string; deviceKey: Buffer | null; at: Date; expiresAt: Date },
): Promise<void> {
  const { id, accountId, deviceLabel, deviceKey, at, expiresAt } = family;
  await tx
    .insertInto("token_families")
    .values({
      id,
      account_id: accountId,
      device_label: deviceLabel,
      device_key: deviceKey,
      created_at: at,
      expires_at: expiresAt,
      revoked_at: null,
      revoke_reason: null,
    })
    .execute();
}

export async function insertRefreshToken(
  tx: Tx,
  token: { hash: Buffer; familyId: string; at: Date; expiresAt: Date },
): Promise<void> {
  const { hash, familyId, at, expiresAt } = token;
  await tx
    .insertInto("refresh_tokens")
    .values({ token_hash: hash, family_id: familyId, created_at: at, expires_at: expiresAt, rotated_at: null })
    .execute();
}

export interface LockedRefreshToken {
  readonly family_id: string;
  readonly token_expires_at: Date;
  readonly rotated_at: Date | null;
  readonly late_run: number;
  readonly family_expires_at: Date;
  readonly revoked_at: Date | null;
  readonly account_id: string;
}

/** Whose it is, and of which session. */
export async function findOwnerOfRefreshToken(
  db: Db,
  hash: Buffer,
): Promise<{ readonly account_id: string; readonly family_id: string } | undefined> {
  return db
    .selectFrom("refresh_tokens as t")
    .innerJoin("token_families as f", "f.id", "t.family_id")
    .select(["f.account_id", "t.family_id"])
    .where("t.token_hash", "=", hash)
    .executeTakeFirst();
}

/** Locks the token's family until the transaction ends: of two uses at the same instant, one sees the other. */
export async function lockRefreshToken(tx: Tx, hash: Buffer): Promise<LockedRefreshToken | undefined> {
  return tx
    .selectFrom("refresh_tokens as t")
    .innerJoin("token_families as f", "f.id", "t.family_id")
    .select([
      "t.family_id",
      "t.expires_at as token_expires_at",
      "t.rotated_at",
      "t.late_run",
      "f.expires_at as family_expires_at",
      "f.revoked_at",
      "f.account_id",
    ])
    .where("t.token_hash", "=", hash)
    .forUpdate()
    .executeTakeFirst();
}

export async function markRotated(tx: Tx, hash: Buffer, at: Date): Promise<void> {
  await tx.updateTable("refresh_tokens").set({ rotated_at: at }).where("token_hash", "=", hash).execute();
}

export async function markRepeatedLate(tx: Tx, successorHash: Buffer, lateRun: number): Promise<void> {
  const late = tx.updateTable("refresh_tokens").set({ late_run: lateRun });
  await late.where("token_hash", "=", successorHash).execute();
}

/** Open families of an account, newest first. */
export async function listFamilies(
  db: Db,
  accountId: string,
  now: Date,
): Promise<{ id: string; device_label: string; created_at: Date; expires_at: Date; last_used_at: Date }[]> {
  const rows = await db
    .selectFrom("token_families as f")
    .select(["f.id", "f.device_label", "f.created_at", "f.expires_at"])
    // The end of an index, not its length: a session may have been refreshed any number of times.
    .select((eb) =>
      eb
        .selectFrom("refresh_tokens as t")
        .select("t.created_at")
        .whereRef("t.family_id", "=", "f.id")
        .orderBy("t.created_at", "desc")
        .limit(1)
        .as("last_used_at"),
    )
    .where("f.account_id", "=", accountId)
    .where("f.revoked_at", "is", null)
    .where("f.expires_at", ">", now)
    .orderBy("f.created_at", "desc")
    .orderBy("f.id", "desc")
    .execute();
  return rows.map((row) => ({ ...row, last_used_at: row.last_used_at ?? row.created_at }));
}

/** Ids of the families that `where` names and that are still open; locked until the transaction ends. */
export async function lockOpenFamilies(
  tx: Tx,
  where: { accountId: string; id?: string; deviceKey?: Buffer; exceptId?: string },
): Promise<string[]> {
  let query = tx
    .selectFrom("token_families")
    .select("id")
    .where("account_id", "=", where.accountId)
    .where("revoked_at", "is", null);
  if (where.id !== undefined) query = query.where("id", "=", where.id);
  if (where.deviceKey !== undefined) query = query.where("device_key", "=", where.deviceKey);
  if (where.exceptId !== undefined) query = query.where("id", "!=", where.exceptId);
  const rows = await query.orderBy("created_at", "desc").forUpdate().execute();
  return rows.map((row) => row.id);
}

export async function hasDevice(db: Db, accountId: string, deviceKey: Buffer): Promise<boolean> {
  const row = await db
    .selectFrom("token_families")
    .select("id")
    .where("account_id", "=", accountId)
    .where("device_key", "=", deviceKey)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Ends families, and their access tokens with them: verifiers hear of it until `tokensEndAt`. */
export async function revokeFamilies(
  tx: Tx,
  ids: readonly string[],
  reason: RevokeReason,
  at: Date,
  tokensEndAt: Date,
): Promise<void> {
  if (ids.length === 0) return;
  await tx
    .updateTable("token_families")
    .set({ revoked_at: at, revoke_reason: reason })
    .where("id", "in", ids)
    .where("revoked_at", "is", null)
    .execute();
  await tx
    .insertInto("revocations")
    .values(
      ids.map((id) => ({
        subject_kind: "family" as const,
        subject_id: id,
        revoked_at: at,
        expires_at: tokensEndAt,
      })),
    )
    .execute();
}

/** Ends the access tokens that a player has now; not the sessions. */
export async function revokeAccessTokens(tx: Tx, playerId: string, at: Date, tokensEndAt: Date): Promise<void> {
  await tx
    .insertInto("revocations")
    .values({ subject_kind: "player", subject_id: playerId, revoked_at: at, expires_at: tokensEndAt })
    .execute();
}

const REVOCATION = ["position", "subject_kind", "subject_id", "revoked_at"] as const;
export type Revocation = Pick<RevocationsTable, "subject_kind" | "subject_id" | "revoked_at"> & { position: bigint };

export async function listRevocations(db: Db, after: bigint, now: Date, limit: number): Promise<Revocation[]> {
  return db
    .selectFrom("revocations")
    .select(REVOCATION)
    .where("position", ">", after)
    .where("expires_at", ">", now)
    .orderBy("position")
    .limit(limit)
    .execute();
}
