// Sealing that is ended in the midst of it, and seals for what somebody with access to the table has put there.
import { type Database, inTransaction } from "@muster/db";
import { describeWithMariadb } from "@muster/testkit";
import { type KyselyPlugin, sql } from "kysely";
import { describe, expect, it } from "vitest";
import { at, AuditDatabase, by, good, KEY, NEW_KEY, sealer } from "../test/audit-database.ts";
import {
  type AuditTables,
  createAuditLog,
  createSealer,
  listAuditEntries,
  resealEntries,
  sealEntries,
  sealLogOfBefore,
} from "./index.ts";

const both = createSealer("test", `${NEW_KEY},${KEY}`);
const next = createSealer("test", NEW_KEY);

describeWithMariadb("sealing an audit log", () => {
  const database = new AuditDatabase();
  const { run, append, appendMany, appendByOldRelease, verdict } = database;
  const unseal = (where: string): Promise<unknown> =>
    run(`update audit_log set key_id = null, seal = null where ${where}`);
  /** Ends like a process that is killed, once so many rows have been updated: what is not committed by then is not done. */
  const endedAfter = (updates: number): Database<AuditTables> => {
    let left = updates;
    const plugin: KyselyPlugin = {
      transformQuery({ node }) {
        if (node.kind === "UpdateQueryNode" && left-- === 0) throw new Error("killed");
        return node;
      },
      transformResult: async ({ result }) => result,
    };
    return database.db.withPlugin(plugin) as unknown as Database<AuditTables>;
  };
  const sealedWith = async (keyId: string): Promise<number> => {
    const { rows } = await sql<{ n: unknown }>`
      select count(*) as n from audit_log where key_id = ${keyId} and action = 'banned'`.execute(database.db);
    return Number(rows[0]?.n);
  };
  const newest = async (): Promise<string> => {
    const [entry] = await listAuditEntries(database.db, 0, 1);
    return `${entry?.action} ${entry?.target}`;
  };

  describe("is done in small transactions, after an entry that says so: what a killed process has done holds, and the rest is done by doing it again", () => {
    it("by a migration", async () => {
      await appendMany(500);
      await unseal("position > 0");
      await expect(sealLogOfBefore(endedAfter(450), sealer, at)).rejects.toThrow("killed");
      expect(await newest()).toBe("audit_log_sealed 1-500");
      expect(await sealedWith(sealer.keyId)).toBe(400);
      expect(await verdict()).toEqual({ fault: undefined, unsealed: ["401-500"] });
      await sealLogOfBefore(database.db, sealer, at);
      expect(await verdict()).toEqual(good);
    });

    it("by an operator", async () => {
      await appendMany(500);
      await unseal("position between 11 and 470");
      await expect(sealEntries(endedAfter(250), sealer, { from: 11, to: 470 }, by)).rejects.toThrow("killed");
      expect(await newest()).toBe("audit_log_sealed 11-470");
      expect(await verdict()).toEqual({ fault: undefined, unsealed: ["211-470"] });
      await sealEntries(database.db, sealer, { from: 211, to: 470 }, by);
      expect(await verdict()).toEqual(good);
    });

    it("with the next key", async () => {
      await appendMany(500);
      await expect(resealEntries(endedAfter(250), both, by)).rejects.toThrow("killed");
      expect(await newest()).toBe("audit_log_resealed 1-500");
      expect(await sealedWith(next.keyId)).toBe(200);
      expect(await verdict(both)).toEqual(good);
      expect(await resealEntries(database.db, both, by)).toBe(300);
      expect(await verdict(next)).toEqual(good);
    });
  });

  it("with the next key is done again for what an instance with the older key appended meanwhile", async () => {
    await append("a");
    let late = 3;
    const lateness: KyselyPlugin = {
      transformQuery: ({ node }) => node,
      async transformResult({ result }) {
        // In a transaction of its own, before the one that seals begins.
        if (result.rows.length > 1 && late-- > 0) await append("by an instance that has the old key alone");
        return result;
      },
    };
    await resealEntries(database.db.withPlugin(lateness), both, by);
    expect(late).toBeLessThan(0);
    expect(await verdict(next)).toEqual(good);
  });

  describe("by a migration is refused to entries that may be anybody's", () => {
    it("beside sealed ones, though no entry says that a migration has sealed any", async () => {
      await append("a");
      await appendByOldRelease("anybody's");
      await sealLogOfBefore(database.db, sealer, at);
      expect(await verdict()).toEqual({ fault: undefined, unsealed: ["2-2"] });
    });

    it("in a log whose seals were all taken off, that of the migration's entry too", async () => {
      for (const reason of ["a", "b"]) await appendByOldRelease(reason);
      await sealLogOfBefore(database.db, sealer, at);
      await unseal("position > 0");
      await sealLogOfBefore(database.db, sealer, at);
      expect(await verdict()).toEqual({ fault: undefined, unsealed: ["1-3"] });
    });

    it.each([
      ["claims to be the migration's and has no seal", async () => {}],
      [
        "is an operator's",
        () =>
          inTransaction(database.db, (tx) =>
            createAuditLog(sealer).append(tx, { ...by, action: "audit_log_sealed", target: "1-99" }),
          ),
      ],
    ] as const)("that an entry covers which %s", async (_, before) => {
      await append("a");
      await before();
      await appendByOldRelease("anybody's");
      await appendByOldRelease("", { action: "audit_log_sealed", target: "1-99" });
      const { unsealed } = await verdict();
      await sealLogOfBefore(database.db, sealer, at);
      expect(await verdict()).toEqual({ fault: undefined, unsealed });
    });
  });
});
