import { inTransaction } from "@muster/db";
import { describeWithMariadb, LogLines, until } from "@muster/testkit";
import { Registry } from "prom-client";
import { beforeEach, describe, expect, it } from "vitest";
import { at, AuditDatabase, by, good, KEY, NEW_KEY, sealer } from "../test/audit-database.ts";
import {
  addAuditSeals,
  createAuditLog,
  createAuditWatch,
  createSealer,
  listAuditEntries,
  resealEntries,
  sealEntries,
  SealingRefusedError,
  sealLogOfBefore,
  verifyAuditLog,
} from "./index.ts";
import { hashOf } from "./entry.ts";

describeWithMariadb("an audit log", () => {
  const database = new AuditDatabase();
  const { run, append, appendMany, appendByOldRelease, verdict } = database;

  it.each([undefined, "read committed"] as const)(
    "has each entry once and in order, however many append at once (%s)",
    async (isolation) => {
      await Promise.all(Array.from({ length: 40 }, (_, i) => append(`${i}`, isolation)));
      expect(await verdict()).toEqual(good);
      expect((await verifyAuditLog(database.db, sealer)).last?.position).toBe(40);
    },
  );

  it("is verified over many pages", async () => {
    await appendMany(1100);
    expect(await verdict()).toEqual(good);
    await run("update audit_log set target = 'y' where position = 1050");
    expect((await verdict()).fault).toBe("entry 1050 has been changed");
  });

  it("shows what somebody forged who can write the table and has no key", async () => {
    for (const reason of ["a", "b", "c"]) await append(reason);
    const rows = (await listAuditEntries(database.db, 0, 10)).toReversed();
    let before = rows[0]?.previous_hash as Buffer;
    for (const row of rows) {
      const changed = { ...row, reason: row.position === 2 ? "forged" : row.reason, previous_hash: before };
      before = hashOf(changed);
      const { reason, previous_hash } = changed;
      await database.db
        .updateTable("audit_log")
        .set({ reason, previous_hash, hash: before })
        .where("position", "=", row.position)
        .execute();
    }
    expect((await verdict()).fault).toBe(`entry 2 was not sealed with the key ${sealer.keyId}: it has been forged`);
  });

  it.each(["0000-00-00 00:00:00", "2026-00-00 00:00:00"])(
    "shows an entry whose time no Date can hold: %s",
    async (at) => {
      for (const reason of ["a", "b"]) await append(reason);
      await run(`set statement sql_mode = '' for update audit_log set at = '${at}' where position = 1`);
      expect((await verdict()).fault).toBe("entry 1 has been changed");
    },
  );

  describe("of a release without seals", () => {
    beforeEach(async () => {
      await run("alter table audit_log drop column key_id, drop column seal");
    });

    it("is verified by its hashes, and said to be without seals", async () => {
      expect(await verifyAuditLog(database.db, sealer)).toMatchObject({ canBeSealed: false, unsealedEntries: 0 });
    });

    it("is sealed by its migration, says so itself, and is left alone by the same migration run again", async () => {
      await addAuditSeals.execute(database.db);
      for (const reason of ["a", "b", "c"]) await appendByOldRelease(reason);
      expect((await verdict()).unsealed).toEqual(["1-3"]);
      const before = (await listAuditEntries(database.db, 0, 10)).map(({ hash }) => hash.toString("hex"));
      await sealLogOfBefore(database.db, sealer, at);
      expect(await verdict()).toEqual(good);
      const [newest, ...others] = await listAuditEntries(database.db, 0, 10);
      expect(newest).toMatchObject({ action: "audit_log_sealed", actor: "system", target: "1-3" });
      expect(
        others.map(({ hash }) => hash.toString("hex")),
        "hashes that were noted elsewhere hold",
      ).toEqual(before);
      await appendByOldRelease("anybody's");
      await addAuditSeals.execute(database.db);
      await sealLogOfBefore(database.db, sealer, at);
      expect(await verdict()).toEqual({ fault: undefined, unsealed: ["5-5"] });
    });

    it("needs nothing sealed while it is empty", async () => {
      await addAuditSeals.execute(database.db);
      await sealLogOfBefore(database.db, sealer, at);
      expect((await verifyAuditLog(database.db, sealer)).last?.position).toBe(0);
    });

    it("is not sealed over an entry that is not as it was written: that one is named, and none has a seal", async () => {
      await addAuditSeals.execute(database.db);
      for (const reason of ["a", "b", "c"]) await appendByOldRelease(reason);
      await run("update audit_log set reason = 'x' where position = 2");
      const sealing = sealLogOfBefore(database.db, sealer, at);
      await expect(sealing).rejects.toThrow(/^entry 2 has been changed. Nothing was sealed: /);
      await expect(sealing).rejects.toBeInstanceOf(SealingRefusedError);
      expect(
        await database.db.selectFrom("audit_log").select("position").where("seal", "is not", null).execute(),
      ).toEqual([]);
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
      await expect(sealEntries(database.db, sealer, wrong, by)).rejects.toThrow(
        "use the range that verification reports",
      );
    expect((await verdict()).unsealed).toEqual(["2-3", "5-5"]);
    await sealEntries(database.db, sealer, { from: 2, to: 3 }, by);
    expect(await verdict()).toEqual({ fault: undefined, unsealed: ["5-5"] });
    expect((await listAuditEntries(database.db, 0, 1))[0]).toMatchObject({
      ...by,
      action: "audit_log_sealed",
      target: "2-3",
    });
    await sealEntries(database.db, sealer, { from: 5, to: 5 }, by);
    expect(await verdict()).toEqual(good);
  });

  it("is sealed with the next key when that has come, and then needs the old one no more", async () => {
    await append("a");
    const both = createSealer("test", `${NEW_KEY},${KEY}`);
    const next = createSealer("test", NEW_KEY);
    await appendByOldRelease("b");
    await expect(resealEntries(database.db, both, by)).rejects.toThrow("entries 2 to 2 have no seal");
    await sealEntries(database.db, both, { from: 2, to: 2 }, by);
    expect((await verdict(next)).fault).toContain(`entry 1 is sealed with the key ${sealer.keyId}`);
    expect(await resealEntries(database.db, both, by)).toBe(1);
    expect(await verdict(next)).toEqual(good);
    expect((await listAuditEntries(database.db, 0, 1))[0]).toMatchObject({
      action: "audit_log_resealed",
      target: "1-3",
    });
    expect(await resealEntries(database.db, both, by), "nothing is left to do").toBe(0);
  });

  it("takes entries while it is sealed anew, and is sealed with the new key to its end", async () => {
    await appendMany(1200);
    const both = createSealer("test", `${NEW_KEY},${KEY}`);
    let isResealing = true;
    const resealing = resealEntries(database.db, both, by).finally(() => {
      isResealing = false;
    });
    let meanwhile = 0;
    while (isResealing) {
      await append("by an instance that has the old key alone");
      if (isResealing) meanwhile++;
    }
    expect(await resealing).toBeGreaterThanOrEqual(1200);
    expect(meanwhile).toBeGreaterThan(1);
    await resealEntries(database.db, both, by);
    expect(await verdict(createSealer("test", NEW_KEY))).toEqual(good);
  });

  it("that was left half sealed by a migration is sealed to where it said, and no entry after it", async () => {
    for (const reason of ["a", "b", "c"]) await appendByOldRelease(reason);
    await sealLogOfBefore(database.db, sealer, at);
    await run("update audit_log set key_id = null, seal = null where position in (2, 3)");
    await appendByOldRelease("during the update");
    expect((await verdict()).unsealed).toEqual(["2-3", "5-5"]);
    await sealLogOfBefore(database.db, sealer, at);
    expect((await verdict()).unsealed).toEqual(["5-5"]);
    await run("update audit_log set reason = 'x' where position = 2");
    await expect(sealLogOfBefore(database.db, sealer, at)).rejects.toThrow("entry 2 has been changed");
  });

  describe("that is watched", () => {
    const metrics = new Registry();
    const lines = new LogLines();
    const value = async (name: string): Promise<number | undefined> =>
      (await metrics.getSingleMetric(name)?.get())?.values[0]?.value;
    const metricsNow = async (): Promise<unknown> => ({
      position: await value("audit_log_position"),
      fault: await value("audit_log_fault"),
      unsealed: await value("audit_log_unsealed_entries"),
      losses: await value("audit_log_losses_total"),
    });
    const watched = async (): Promise<ReturnType<typeof createAuditWatch>> => {
      metrics.clear();
      for (const reason of ["a", "b", "c", "d"]) await append(reason);
      const watch = createAuditWatch({ database: database.db, sealer, metrics, log: lines.logger("test") });
      await watch.look();
      expect(await metricsNow()).toEqual({ position: 4, fault: 0, unsealed: 0, losses: 0 });
      return watch;
    };
    const swap = async (): Promise<void> => {
      await run("update audit_log set position = 1000 where position = 2");
      await run("update audit_log set position = 2 where position = 3");
      await run("update audit_log set position = 3 where position = 1000");
    };

    it.each([
      ["the last entry is deleted", { losses: 1, position: 3 }, () => run("delete from audit_log where position = 4")],
      [
        "the last entry is deleted and another takes its place",
        { losses: 1 },
        async () => {
          await run("delete from audit_log where position = 4");
          await append("something else");
        },
      ],
      [
        "the last entries and the seals of all others are deleted",
        { losses: 1, unsealed: 2, position: 2 },
        async () => {
          await run("delete from audit_log where position > 2");
          await run("update audit_log set key_id = null, seal = null");
        },
      ],
      ["everything is deleted", { losses: 1, fault: 1, position: 0 }, () => run("delete from audit_log")],
      [
        "the entries are numbered anew after one was deleted",
        { fault: 1, losses: 1, position: 3 },
        async () => {
          await run("delete from audit_log where position = 2");
          await run("update audit_log set position = position - 1 where position > 2 order by position");
        },
      ],
      ["an entry is appended without the key", { unsealed: 1, position: 5 }, () => appendByOldRelease("forged")],
      [
        "an entry is appended with a seal of another key",
        { fault: 1, position: 5 },
        () =>
          inTransaction(database.db, (tx) =>
            createAuditLog<"banned">(createSealer("test", NEW_KEY)).append(tx, {
              ...by,
              action: "banned",
              target: "x",
            }),
          ),
      ],
    ] as const)("tells in its metrics when %s", async (_what, differs, attack) => {
      const watch = await watched();
      await attack();
      await watch.look();
      expect(await metricsNow()).toEqual({ position: 4, fault: 0, unsealed: 0, losses: 0, ...differs });
    });

    it("is looked at when the service starts, and a fault is an error in its log", async () => {
      await append("a");
      await run("update audit_log set reason = 'changed' where position = 1");
      const told = new LogLines();
      const watch = createAuditWatch({
        database: database.db,
        sealer,
        metrics: new Registry(),
        log: told.logger("test"),
      });
      await watch.start?.();
      const fault = "the audit log is not intact: entry 1 has been changed";
      await until(() => (told.withMessage(fault).length > 0 ? undefined : "not looked at"));
      await watch.stop?.();
      expect(told.withMessage(fault)).toMatchObject([{ level: "error", kind: "changed", position: 1 }]);
    });

    it("tells of a lost entry that was appended and verified after it had looked where the log ends", async () => {
      metrics.clear();
      await append("a");
      let meanwhile = async (): Promise<void> => append("b");
      const slow = database.db.withPlugin({
        transformQuery: ({ node }) => node,
        async transformResult({ result }) {
          const once = meanwhile;
          meanwhile = async () => {};
          await once();
          return result;
        },
      });
      const watch = createAuditWatch({ database: slow, sealer, metrics, log: lines.logger("test") });
      await watch.look();
      expect(lines.withMessage("the audit log ends here").at(-1)).toMatchObject({ position: 2 });
      await run("delete from audit_log where position = 2");
      await watch.look();
      expect(await metricsNow()).toMatchObject({ losses: 1, position: 1 });
    });

    it.each([
      ["changed", () => run("update audit_log set reason = 'changed' where position = 2")],
      ["swapped", swap],
    ] as const)(
      "tells within the hour when what it verified before was %s, until it is mended",
      async (_what, attack) => {
        const watch = await watched();
        const rows = (await listAuditEntries(database.db, 0, 10)).filter(({ position }) => position > 0);
        await attack();
        await watch.look();
        expect(await metricsNow()).toMatchObject({ fault: 0 });
        for (let minute = 0; minute < 60; minute++) await watch.look();
        expect(await metricsNow()).toMatchObject({ fault: 1 });
        await run("delete from audit_log where position > 0");
        await database.db.insertInto("audit_log").values(rows).execute();
        await watch.look();
        expect(await metricsNow()).toMatchObject({ fault: 0 });
      },
    );
  });

  it("notes where it ends whenever that has changed, and complains when entries are gone or others in their place", async () => {
    const lines = new LogLines();
    const watch = createAuditWatch({
      database: database.db,
      sealer,
      metrics: new Registry(),
      log: lines.logger("test"),
    });
    const said = (message: string): number => lines.withMessage(message).length;
    await append("a");
    await append("b");
    await watch.look();
    await watch.look();
    expect(lines.withMessage("the audit log ends here")).toMatchObject([{ position: 2 }]);
    await append("c");
    await watch.look();
    expect(said("the audit log ends here")).toBe(2);
    const lost = "entries of the audit log have been removed or replaced";
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
