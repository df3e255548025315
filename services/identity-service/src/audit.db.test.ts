// The audit log against somebody with write access to its table, and next to a release that did not seal it.
import { createHash } from "node:crypto";
import { createSealer, verifyAuditLog } from "@muster/audit";
import { createDatabase, type DbPart, migrate } from "@muster/db";
import { anyDatabase } from "@muster/resilience/testing";
import { describeWithMariadb, freshDatabases, until } from "@muster/testkit";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { AUDIT_KEY, startHarness } from "../test/harness.ts";
import { identitySealer } from "./audit.ts";
import { migrations, migrationsWith } from "./migrations/index.ts";
import { runOperator } from "./operator-commands.ts";
import type { Tables } from "./schema.ts";

const NEW_KEY = "b1".repeat(32);
/** With it begins the release that seals. */
const FIRST_OF_SEALING = "20261127T1400-audit-log-add-seals";
const NO_SEAL = /^(\d) entries have no seal: (.*?)\. Either an instance of a release without seals/;

describeWithMariadb("the audit log of identity-service", () => {
  let part: DbPart<Tables>;
  let url: string;
  beforeAll(async () => {
    ({ "identity-service": url } = await freshDatabases());
    part = createDatabase({ url, dependency: anyDatabase(4, { waitMs: 5000, statementMs: 10_000 }) });
    await migrate(part.db, migrations);
    const name = { id: "0192f6a0-0000-7000-8000-000000000001", name: "ann", name_key: "ann", name_skeleton: "ann" };
    await part.db
      .insertInto("accounts")
      .values({ ...name, kind: "registered" } as never)
      .execute();
    await part.db.insertInto("credentials").values({ account_id: name.id, password_phc: "none" }).execute();
  });
  afterAll(() => part.stop());
  beforeEach(async () => {
    await run("delete from audit_log where position > 0");
    for (const role of ["admin", "player", "moderator"]) await operator(["grant", "ann", role, "test"]);
  });

  const run = (statement: string): Promise<unknown> => sql.raw(statement).execute(part.db);
  const operator = async (args: string[], keys = AUDIT_KEY): Promise<{ code: number; said: string }> => {
    const lines: string[] = [];
    const say = (line: string): void => void lines.push(line);
    const env = { IDENTITY_DB_URL: url, IDENTITY_AUDIT_KEY: keys };
    const code = await runOperator(args, env, { log: say, error: say });
    return { code, said: lines.join("\n") };
  };
  const good = {
    code: 0,
    said: expect.stringContaining("the audit log is intact\nits last entry: ") as string,
  };

  /** The rule of the release without seals, which needs no key. */
  const plainHash = (previous: Buffer, fields: readonly unknown[]): Buffer =>
    createHash("sha256").update(previous).update(JSON.stringify(fields)).digest();
  const appendByOldRelease = async (reason: string): Promise<void> => {
    const columns = "(position, at, actor, action, target, reason, trace_id, previous_hash, hash)";
    const [last] = await part.db.selectFrom("audit_log").selectAll().orderBy("position", "desc").limit(1).execute();
    const [position, previous] = [Number(last?.position) + 1, last?.hash as Buffer];
    const fields = [position, new Date(0).toISOString(), "operator", "role_set", "x", reason, "0".repeat(32)];
    await sql`insert into audit_log ${sql.raw(columns)} values
      (${position}, ${new Date(0)}, 'operator', 'role_set', 'x', ${reason}, ${"0".repeat(32)}, ${previous}, ${plainHash(previous, fields)})`.execute(
      part.db,
    );
  };
  /** What somebody does who can write to the table and has no key: changes an entry, and makes all hashes after it anew. */
  const forge = async (position: number, reason: string): Promise<void> => {
    await part.db.updateTable("audit_log").set({ reason }).where("position", "=", position).execute();
    const rows = await part.db.selectFrom("audit_log").selectAll().orderBy("position").execute();
    let previous = rows[0]?.hash as Buffer;
    for (const row of rows.slice(1)) {
      const { at, actor, action, target, trace_id } = row;
      const hash = plainHash(previous, [row.position, at.toISOString(), actor, action, target, row.reason, trace_id]);
      await part.db
        .updateTable("audit_log")
        .set({ previous_hash: previous, hash })
        .where("position", "=", row.position)
        .execute();
      previous = hash;
    }
  };

  it("keeps its name, which is in every seal: another release verifies it", async () => {
    expect((await verifyAuditLog(part.db, createSealer("identity", AUDIT_KEY))).fault).toBeUndefined();
  });

  it("shows an entry that somebody forged with write access to the table, all hashes after it included", async () => {
    expect(await operator(["verify-audit-log"])).toEqual(good);
    await forge(2, "nothing happened here");
    expect(await operator(["verify-audit-log"])).toEqual({
      code: 1,
      said: `entry 2 was not sealed with the key ${identitySealer(AUDIT_KEY).keyId}: it has been forged`,
    });
  });

  it("shows that seals were taken off to pass entries off as the release's before", async () => {
    await forge(2, "nothing happened here");
    await run("update audit_log set key_id = null, seal = null where position >= 2");
    const verified = await operator(["verify-audit-log"]);
    expect(verified.code).toBe(1);
    expect(NO_SEAL.exec(verified.said)?.slice(1)).toEqual(["2", "2-3"]);
  });

  it("shows that newest entries were cut off to whoever noted one of them", async () => {
    const { said } = await operator(["verify-audit-log"]);
    const [, position = "", hash = ""] = /last entry: (\d+) (\w+)$/.exec(said) ?? [];
    await operator(["grant", "ann", "admin", "later"]);
    expect(await operator(["verify-audit-log", position, hash])).toEqual(good);
    await run("delete from audit_log where position >= 3");
    expect(await operator(["verify-audit-log"]), "the log alone does not").toEqual(good);
    await operator(["grant", "ann", "player", "another third entry"]);
    const verified = await operator(["verify-audit-log", position, hash]);
    expect(verified).toMatchObject({
      code: 1,
      said: expect.stringContaining("entry 3 is not the one that was noted") as unknown,
    });
  });

  it("goes on over entries of an instance of the release before; an operator looks at them and seals them", async () => {
    await appendByOldRelease("during the update");
    await operator(["grant", "ann", "admin", "after it"]);
    const verified = await operator(["verify-audit-log"]);
    expect(verified.code).toBe(1);
    expect(NO_SEAL.exec(verified.said)?.slice(1)).toEqual(["1", "4"]);
    expect(await operator(["verify-audit-log", "--unsealed-too"]), "no reason against a backup").toEqual(good);
    expect((await operator(["seal-audit-log", "4-5", "looked at"])).code).toBe(1);
    expect(await operator(["seal-audit-log", "4", "looked at"])).toEqual({
      code: 0,
      said: "entries 4 to 4 are sealed",
    });
    expect(await operator(["verify-audit-log"])).toEqual(good);
  });

  it("is sealed with a new key, and needs the old one no more", async () => {
    expect((await operator(["verify-audit-log"], NEW_KEY)).said).toContain("is none of those given");
    const resealed = await operator(["reseal-audit-log", "the yearly change"], `${NEW_KEY},${AUDIT_KEY}`);
    expect(resealed).toMatchObject({
      code: 0,
      said: expect.stringContaining("3 entries were sealed again") as unknown,
    });
    expect(await operator(["verify-audit-log"], NEW_KEY)).toEqual(good);
  });

  it("of the release before is verified as it is, as in a backup, and sealed by migrating: not over a fault, and once", async () => {
    await run("delete from audit_log where position > 0");
    await run("alter table audit_log drop column key_id, drop column seal");
    await part.db
      .deleteFrom("kysely_migration" as never)
      .where("name" as never, ">=", FIRST_OF_SEALING as never)
      .execute();
    for (const reason of ["a", "b"]) await appendByOldRelease(reason);
    const before = await operator(["verify-audit-log"]);
    expect(before).toMatchObject({ code: 1, said: expect.stringContaining("a release without seals") as unknown });
    expect(await operator(["verify-audit-log", "--unsealed-too"])).toEqual(good);

    await run("update audit_log set reason = 'x' where position = 2");
    const toSeal = migrationsWith(identitySealer(AUDIT_KEY));
    await expect(migrate(part.db, migrations)).rejects.toThrow("no key to seal them with");
    await expect(migrate(part.db, toSeal)).rejects.toThrow("entry 2 has been changed. Nothing was sealed");
    await run("update audit_log set reason = 'b' where position = 2");
    await migrate(part.db, toSeal);
    await migrate(part.db, toSeal);
    expect(await operator(["verify-audit-log"])).toEqual(good);
    const rows = await part.db.selectFrom("audit_log").select(["action", "target"]).orderBy("position").execute();
    expect(rows.at(-1)).toEqual({ action: "audit_log_sealed", target: "1-2" });
    expect(rows).toHaveLength(4);
  });
});

describeWithMariadb("the audit log of a running identity-service", () => {
  it("is watched", async () => {
    await using harness = await startHarness();
    await sql`delete from audit_log where position = 0`.execute(harness.db);
    await harness.another(); // looks when it starts, and every minute
    const fault = "the audit log is not intact: the log has no first entry";
    await until(() => (harness.logs.withMessage(fault).length > 0 ? undefined : "not looked at"));
  });
});
