import { randomBytes } from "node:crypto";
import { createDatabase, type Database, type DbPart, inTransaction } from "@muster/db";
import { describeWithMariadb, freshDatabases, LogLines } from "@muster/testkit";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  addAuditSeals,
  type AuditTables,
  createAuditLog,
  createAuditTable,
  createAuditWatch,
  createSealer,
  insertFirstEntry,
  listAuditEntries,
  resealEntries,
  sealEntries,
  SealingRefusedError,
  sealLogOfBefore,
  verifyAuditLog,
} from "./index.ts";
import { hashOf } from "./entry.ts";

interface Tables extends AuditTables {
  /** Something of the service's own. */
  players: { id: number };
}

const KEY = randomBytes(32).toString("hex");
const NEW_KEY = randomBytes(32).toString("hex");
const sealer = createSealer("test", KEY);
const log = createAuditLog<"banned">(sealer);
const at = new Date("2026-11-27T12:00:00.123Z");
const by = { actor: "operator", reason: "an old instance, during the update", at };

describeWithMariadb("an audit log", () => {
  let part: DbPart<Tables>;
  let db: Database<Tables>;
  beforeAll(async () => {
    const { "identity-service": url } = await freshDatabases();
    part = createDatabase({ url, poolMax: 8, acquireTimeoutMs: 5000, statementTimeoutMs: 10_000 });
    ({ db } = part);
  });
  afterAll(() => part.stop());
  beforeEach(async () => {
    await run("drop table if exists audit_log");
    await createAuditTable.execute(db);
    await insertFirstEntry.execute(db);
  });

  const run = (statement: string): Promise<unknown> => sql.raw(statement).execute(db);
  const append = (reason: string, isolation?: "read committed"): Promise<void> =>
    inTransaction(
      db,
      (tx) => log.append(tx, { actor: "system", action: "banned", target: "x", reason, at }),
      isolation,
    );
  /** As an instance of the release without seals does. */
  const appendByOldRelease = async (reason: string): Promise<void> => {
    const [last] = await listAuditEntries(db, 0, 1);
    const row = {
      position: (last?.position ?? 0) + 1,
      at,
      actor: "system",
      action: "banned",
      target: "x",
      reason,
      trace_id: "0".repeat(32),
      previous_hash: last?.hash ?? Buffer.alloc(32),
    };
    await db
      .insertInto("audit_log")
      .values({ ...row, hash: hashOf(row) })
      .execute();
  };
  const verdict = async (with_ = sealer): Promise<{ fault: string | undefined; unsealed: string[] }> => {
    const { fault, unsealed } = await verifyAuditLog(db, with_);
    return { fault: fault?.message, unsealed: unsealed.map(({ from, to }) => `${from}-${to}`) };
  };
  const good = { fault: undefined, unsealed: [] };

  it.each([undefined, "read committed"] as const)(
    "has each entry once and in order, however many append at once (%s)",
    async (isolation) => {
      await Promise.all(Array.from({ length: 40 }, (_, i) => append(`${i}`, isolation)));
      expect(await verdict()).toEqual(good);
      expect((await verifyAuditLog(db, sealer)).last?.position).toBe(40);
    },
  );

  it("is verified over many pages", async () => {
    for (let i = 0; i < 1100; i += 100)
      await inTransaction(db, async (tx) => {
        for (let j = 0; j < 100; j++) await log.append(tx, { ...by, action: "banned", target: `${i + j}` });
      });
    expect(await verdict()).toEqual(good);
    await run("update audit_log set target = 'y' where position = 1050");
    expect((await verdict()).fault).toBe("entry 1050 has been changed");
  });

  it("shows what somebody forged who can write the table and has no key", async () => {
    for (const reason of ["a", "b", "c"]) await append(reason);
    const rows = (await listAuditEntries(db, 0, 10)).toReversed();
    let before = rows[0]?.previous_hash as Buffer;
    for (const row of rows) {
      const changed = { ...row, reason: row.position === 2 ? "forged" : row.reason, previous_hash: before };
      before = hashOf(changed);
      const { reason, previous_hash } = changed;
      await db
        .updateTable("audit_log")
        .set({ reason, previous_hash, hash: before })
        .where("position", "=", row.position)
        .execute();
    }
    expect((await verdict()).fault).toBe(`entry 2 was not sealed with the key ${sealer.keyId}: it has been forged`);
  });

  describe("of a release without seals", () => {
    beforeEach(async () => {
      await run("alter table audit_log drop column key_id, drop column seal");
    });

    it("is verified by its hashes, and said to be without seals", async () => {
      expect(await verifyAuditLog(db, sealer)).toMatchObject({ canBeSealed: false, unsealedEntries: 0 });
    });

    it("is sealed by its migration, says so itself, and is left alone by the same migration run again", async () => {
      await addAuditSeals.execute(db);
      for (const reason of ["a", "b", "c"]) await appendByOldRelease(reason);
      expect((await verdict()).unsealed).toEqual(["1-3"]);
      const before = (await listAuditEntries(db, 0, 10)).map(({ hash }) => hash.toString("hex"));
      await sealLogOfBefore(db, sealer, at);
      expect(await verdict()).toEqual(good);
      const [newest, ...others] = await listAuditEntries(db, 0, 10);
      expect(newest).toMatchObject({ action: "audit_log_sealed", actor: "system", target: "1-3" });
      expect(
        others.map(({ hash }) => hash.toString("hex")),
        "hashes that were noted elsewhere hold",
      ).toEqual(before);
      await appendByOldRelease("anybody's");
      await addAuditSeals.execute(db);
      await sealLogOfBefore(db, sealer, at);
      expect(await verdict()).toEqual({ fault: undefined, unsealed: ["5-5"] });
    });

    it("needs nothing sealed while it is empty", async () => {
      await addAuditSeals.execute(db);
      await sealLogOfBefore(db, sealer, at);
      expect((await verifyAuditLog(db, sealer)).last?.position).toBe(0);
    });

    it("is not sealed over an entry that is not as it was written: that one is named, and none has a seal", async () => {
      await addAuditSeals.execute(db);
      for (const reason of ["a", "b", "c"]) await appendByOldRelease(reason);
      await run("update audit_log set reason = 'x' where position = 2");
      const sealing = sealLogOfBefore(db, sealer, at);
      await expect(sealing).rejects.toThrow(/^entry 2 has been changed. Nothing was sealed: /);
      await expect(sealing).rejects.toBeInstanceOf(SealingRefusedError);
      expect(await db.selectFrom("audit_log").select("position").where("seal", "is not", null).execute()).toEqual([]);
    });
  });

  it("goes on over entries of an instance of the release before, names them, and has them sealed by an operator", async () => {
    await append("a");
    await appendByOldRelease("b");
    await appendByOldRelease("c");
    await append("d");
    await appendByOldRelease("e");
    expect(await verdict()).toEqual({ fault: undefined, unsealed: ["2-3", "5-5"] });
    for (const wrong of [
      { from: 1, to: 3 },
      { from: 4, to: 4 },
      { from: 5, to: 6 },
    ])
      await expect(sealEntries(db, sealer, wrong, by)).rejects.toThrow("name those that verification names");
    expect((await verdict()).unsealed).toEqual(["2-3", "5-5"]);
    await sealEntries(db, sealer, { from: 2, to: 3 }, by);
    expect(await verdict()).toEqual({ fault: undefined, unsealed: ["5-5"] });
    expect((await listAuditEntries(db, 0, 1))[0]).toMatchObject({ ...by, action: "audit_log_sealed", target: "2-3" });
    await sealEntries(db, sealer, { from: 5, to: 5 }, by);
    expect(await verdict()).toEqual(good);
  });

  it("is sealed with the next key when that has come, and then needs the old one no more", async () => {
    await append("a");
    const both = createSealer("test", `${NEW_KEY},${KEY}`);
    const next = createSealer("test", NEW_KEY);
    await appendByOldRelease("b");
    await expect(resealEntries(db, both, by)).rejects.toThrow("entries 2 to 2 have no seal");
    await sealEntries(db, both, { from: 2, to: 2 }, by);
    expect((await verdict(next)).fault).toContain(`entry 1 is sealed with the key ${sealer.keyId}`);
    expect(await resealEntries(db, both, by)).toBe(1);
    expect(await verdict(next)).toEqual(good);
    expect((await listAuditEntries(db, 0, 1))[0]).toMatchObject({ action: "audit_log_resealed", target: "1-3" });
    expect(await resealEntries(db, both, by), "nothing is left to do").toBe(0);
  });

  it("notes where it ends whenever that has changed, and complains when entries are gone or others in their place", async () => {
    const lines = new LogLines();
    const watch = createAuditWatch(db, lines.logger("test"));
    const said = (message: string): number => lines.withMessage(message).length;
    await append("a");
    await append("b");
    await watch.look();
    await watch.look();
    expect(lines.withMessage("the audit log ends here")).toMatchObject([{ position: 2 }]);
    await append("c");
    await watch.look();
    expect(said("the audit log ends here")).toBe(2);
    const lost = "the audit log has lost entries, or has other ones in their place";
    expect(said(lost)).toBe(0);
    await run("delete from audit_log where position = 3");
    await watch.look();
    expect(said(lost)).toBe(1);
    await run("delete from audit_log where position = 2");
    await append("another b");
    await watch.look();
    expect(said(lost)).toBe(2);
  });
});
