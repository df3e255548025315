// SQL for accounts, credentials and guest devices.
import type { RoleName } from "@muster/contracts/identity/names";
import type { Account } from "../schema.ts";
import type { Db, Tx } from "./db.ts";

const ACCOUNT = [
  "id",
  "name",
  "name_key",
  "name_skeleton",
  "kind",
  "role",
  "banned_until",
  "ban_reason",
  "created_at",
  "updated_at",
] as const;
const ACCOUNT_OF_A = ACCOUNT.map((column) => `a.${column}` as const);

export interface Credentials {
  readonly password_phc: string;
  readonly password_set_at: Date;
}

export async function insertAccount(db: Tx, account: Account): Promise<void> {
  await db.insertInto("accounts").values(account).execute();
}

export async function insertCredentials(db: Tx, accountId: string, phc: string): Promise<void> {
  await db.insertInto("credentials").values({ account_id: accountId, password_phc: phc }).execute();
}

export async function findAccountByName(db: Db, nameKey: string): Promise<Account | undefined> {
  return db.selectFrom("accounts").select(ACCOUNT).where("name_key", "=", nameKey).executeTakeFirst();
}

/** Locks the row until the transaction ends. */
export async function lockCredentials(tx: Tx, accountId: string): Promise<Credentials | undefined> {
  return tx
    .selectFrom("credentials")
    .select(["password_phc", "updated_at as password_set_at"])
    .where("account_id", "=", accountId)
    .forUpdate()
    .executeTakeFirst();
}

/** `setAt`: left out for another hash of the same password. */
export async function updateCredentials(tx: Tx, accountId: string, phc: string, setAt?: Date): Promise<void> {
  await tx
    .updateTable("credentials")
    .set({ password_phc: phc, ...(setAt && { updated_at: setAt }) })
    .where("account_id", "=", accountId)
    .execute();
}

export async function insertGuestDevice(db: Tx, keyHash: Buffer, accountId: string): Promise<void> {
  await db.insertInto("guest_devices").values({ key_hash: keyHash, account_id: accountId }).execute();
}

/** From now on its key opens nothing. */
export async function deleteGuestDevices(tx: Tx, accountId: string): Promise<void> {
  await tx.deleteFrom("guest_devices").where("account_id", "=", accountId).execute();
}

/** @throws a duplicate-key error when the name is taken */
export async function updateName(tx: Tx, account: Account): Promise<void> {
  const { name, name_key, name_skeleton, kind, updated_at } = account;
  await tx
    .updateTable("accounts")
    .set({ name, name_key, name_skeleton, kind, updated_at })
    .where("id", "=", account.id)
    .execute();
}

export async function findAccount(db: Db, id: string): Promise<Account | undefined> {
  return db.selectFrom("accounts").select(ACCOUNT).where("id", "=", id).executeTakeFirst();
}

/** Locks the row until the transaction ends. */
export async function lockAccount(tx: Tx, id: string): Promise<Account | undefined> {
  return tx.selectFrom("accounts").select(ACCOUNT).where("id", "=", id).forUpdate().executeTakeFirst();
}

export async function findAccountWithPassword(
  db: Db,
  by: { nameKey: string } | { id: string },
): Promise<(Account & Credentials) | undefined> {
  const query = db
    .selectFrom("accounts as a")
    .innerJoin("credentials as c", "c.account_id", "a.id")
    .select([...ACCOUNT_OF_A, "c.password_phc", "c.updated_at as password_set_at"]);
  return ("id" in by ? query.where("a.id", "=", by.id) : query.where("a.name_key", "=", by.nameKey)).executeTakeFirst();
}

/** Of a registration: the unique keys decide, this only saves the work for one that they would refuse. */
export async function isNameTaken(db: Db, { name_key, name_skeleton }: Account): Promise<boolean> {
  const row = await db
    .selectFrom("accounts")
    .select("id")
    .where((eb) => eb.or([eb("name_key", "=", name_key), eb("name_skeleton", "=", name_skeleton)]))
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** By the id, the name's key or its beginning, or what looks like it, in the order of their names. */
export async function listAccounts(
  db: Db,
  by: { id: string } | { nameKey: string; skeleton: string } | { nameKeyBegins: string; after?: string | undefined },
  limit: number,
): Promise<Account[]> {
  const query = db.selectFrom("accounts").select(ACCOUNT).orderBy("name_key").limit(limit);
  if ("id" in by) return query.where("id", "=", by.id).execute();
  if ("nameKeyBegins" in by) {
    const begins = by.nameKeyBegins.replaceAll(/[\\%_]/g, (sign) => `\\${sign}`);
    const matching = begins === "" ? query : query.where("name_key", "like", `${begins}%`);
    return (by.after === undefined ? matching : matching.where("name_key", ">", by.after)).execute();
  }
  return query.where((eb) => eb.or([eb("name_key", "=", by.nameKey), eb("name_skeleton", "=", by.skeleton)])).execute();
}

export async function findAccountByDevice(db: Db, keyHash: Buffer): Promise<Account | undefined> {
  return db
    .selectFrom("guest_devices as g")
    .innerJoin("accounts as a", "a.id", "g.account_id")
    .select(ACCOUNT_OF_A)
    .where("g.key_hash", "=", keyHash)
    .executeTakeFirst();
}

export async function updateBan(tx: Tx, id: string, until: Date | null, reason: string | null): Promise<void> {
  await tx.updateTable("accounts").set({ banned_until: until, ban_reason: reason }).where("id", "=", id).execute();
}

export async function updateRole(tx: Tx, id: string, role: RoleName): Promise<void> {
  await tx.updateTable("accounts").set({ role }).where("id", "=", id).execute();
}
