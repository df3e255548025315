import { spawnSync } from "node:child_process";
import path from "node:path";
import { verifyAuditLog } from "@muster/audit";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Role } from "@muster/contracts/identity/v2";
import { OPERATOR_OPERATIONS } from "@muster/contracts/operations";
import { describeWithMariadb } from "@muster/testkit";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AUDIT_KEY, KEY_ENCRYPTION_KEY, type Harness, startHarness } from "../test/harness.ts";
import { identitySealer } from "./audit.ts";
import { runOperator } from "./operator-commands.ts";

const PASSWORD = "correct horse battery";
const refused = { code: "not_allowed" };

describeWithMariadb("moderators and admins", () => {
  let harness: Harness;
  const ids: Record<string, string> = {};
  beforeAll(async () => {
    harness = await startHarness();
    for (const name of ["root-admin", "second-admin", "modder", "player-one", "player-two"]) {
      const { profile } = await harness.call.register({ name: `${name}x`, password: PASSWORD });
      ids[name] = profile?.playerId as string;
    }
    expect(operator("make-admin", "root-adminx").status).toBe(0);
    await setRole("second-admin", Role.ADMIN);
    await setRole("modder", Role.MODERATOR);
  });
  afterAll(async () => {
    await harness[Symbol.asyncDispose]();
  });

  const operator = (...args: string[]): ReturnType<typeof spawnSync> =>
    spawnSync(process.execPath, ["src/operator.ts", ...args], {
      cwd: path.join(import.meta.dirname, ".."),
      env: {
        PATH: process.env["PATH"],
        IDENTITY_DB_URL: harness.url,
        IDENTITY_KEY_ENCRYPTION_KEY: KEY_ENCRYPTION_KEY,
        IDENTITY_AUDIT_KEY: AUDIT_KEY,
      },
      encoding: "utf8",
    });
  const auditFault = async (): Promise<string | undefined> => {
    const { fault, unsealedEntries } = await verifyAuditLog(harness.db, identitySealer(AUDIT_KEY));
    expect(unsealedEntries).toBe(0);
    return fault?.message;
  };
  const id = (name: string): string => ids[name] as string;
  const setRole = (name: string, role: Role, by = "root-admin"): Promise<unknown> =>
    harness.call.setRole({ actorId: id(by), playerId: id(name), role, reason: "test" });
  const ban = (name: string, by: string): Promise<unknown> =>
    harness.call.banPlayer({ actorId: id(by), playerId: id(name), reason: "cheating" });

  it("may do what their stored role allows, and nobody else", async () => {
    const everything = (actorId: string): Promise<unknown>[] => [
      harness.call.setRole({ actorId, playerId: id("player-two"), role: Role.ADMIN, reason: "x" }),
      harness.call.listAuditLog({ actorId }),
      harness.call.listSigningKeys({ actorId }),
      harness.call.rotateSigningKey({ actorId, reason: "x" }),
      harness.call.revokeSigningKey({ actorId, kid: "any", reason: "x" }),
    ];
    for (const actor of ["player-one", "modder"]) {
      const outcomes = await Promise.allSettled(everything(id(actor)));
      for (const outcome of outcomes)
        expect(outcome).toMatchObject({ status: "rejected", reason: expect.objectContaining(refused) as unknown });
    }
    await expect(ban("player-two", "player-one")).rejects.toMatchObject(refused);
    const order = { matchId: id("player-two"), reason: "x" }; // any id: the match is another service's
    for (const record of [false, true])
      await expect(
        harness.call.authorizeMatchCancel({ ...order, actorId: id("player-one"), record }),
      ).rejects.toMatchObject(refused);
    await harness.call.authorizeMatchCancel({ ...order, actorId: id("modder"), record: false });
    for (const [operation, { role }] of Object.entries(OPERATOR_OPERATIONS)) {
      const as = (name: string): Promise<unknown> => harness.call.authorizeOperation({ actorId: id(name), operation });
      await expect(as("player-one"), operation).rejects.toMatchObject(refused);
      if (role === "admin") await expect(as("modder"), operation).rejects.toMatchObject(refused);
      else await as("modder");
      await as("root-admin");
    }
    await expect(ban("second-admin", "root-admin")).rejects.toMatchObject(refused); // an admin is no admin's prey
    await expect(ban("second-admin", "modder")).rejects.toMatchObject(refused);
    await expect(ban("modder", "modder")).rejects.toMatchObject(refused);
  });

  it("a moderator ends a player's sessions: once, with one entry in the log, and those of no other moderator", async () => {
    await harness.call.logIn({ name: "player-onex", password: PASSWORD, deviceLabel: "another" });
    const end = (by: string, name: string) =>
      harness.call.revokePlayerDevices({ actorId: id(by), playerId: id(name), reason: "stolen" });
    const entries = async () => (await harness.call.listAuditLog({ actorId: id("root-admin"), pageSize: 50 })).entries;
    const before = (await entries()).length;
    expect((await end("modder", "player-one")).revoked).toBe(2);
    expect((await end("modder", "player-one")).revoked).toBe(0);
    await expect(end("modder", "root-admin")).rejects.toMatchObject(refused);
    const after = await entries();
    expect(after.length - before).toBe(1);
    expect(after[0]).toMatchObject({ action: "player_devices_revoked", target: id("player-one") });
  });

  it("another service's operation is recorded before it is carried out, under its own action, by those who may", async () => {
    const order = { operation: "cancelMatch", target: id("player-two"), reason: "stuck", record: true };
    await expect(harness.call.authorizeOperation({ ...order, actorId: id("player-one") })).rejects.toMatchObject(
      refused,
    );
    for (const operation of ["getSystem", "constructor", "noSuchThing"])
      await expect(
        harness.call.authorizeOperation({ ...order, operation, actorId: id("root-admin") }),
        operation,
      ).rejects.toMatchObject({ code: "invalid_request" });
    await harness.call.authorizeOperation({ ...order, actorId: id("modder") });
    const { entries } = await harness.call.listAuditLog({ actorId: id("root-admin"), pageSize: 1 });
    const entry = { actor: id("modder"), action: "match_cancel_ordered", target: id("player-two"), reason: "stuck" };
    expect(entries).toMatchObject([entry]);
    expect(await auditFault()).toBeUndefined();
  });

  it("what another service does to a player, as a mute, is on lower roles only, and not on oneself; who is not there is not found", async () => {
    const ask = (by: string, playerId: string, record: boolean): Promise<unknown> =>
      harness.call.authorizeOperation({
        operation: "mutePlayer",
        actorId: id(by),
        target: playerId,
        ...(record && { record, reason: "spam" }),
      });
    for (const record of [false, true]) {
      for (const [by, target] of [
        ["modder", "modder"],
        ["modder", "root-admin"],
        ["second-admin", "root-admin"],
      ] as const)
        await expect(ask(by, id(target), record), `${target} by ${by}`).rejects.toMatchObject(refused);
      for (const nobody of ["01a20ab2-2d4a-7326-a77a-b22eaf2e9f1f", "no id"])
        await expect(ask("modder", nobody, record)).rejects.toMatchObject({ code: "player_not_found" });
      await ask("modder", id("player-two"), record);
      await ask("root-admin", id("modder"), record);
    }
    await expect(ask("modder", "", true)).rejects.toMatchObject({ code: "player_not_found" });
    const { entries } = await harness.call.listAuditLog({ actorId: id("root-admin"), pageSize: 2 });
    expect(entries).toMatchObject([
      { action: "player_mute_ordered", actor: id("root-admin"), target: id("modder"), reason: "spam" },
      { action: "player_mute_ordered", actor: id("modder"), target: id("player-two"), reason: "spam" },
    ]);
  });

  it("ban: one that is over already is refused, and ends no session", async () => {
    const { tokens } = await harness.call.logIn({ name: "player-twox", password: PASSWORD });
    const order = { actorId: id("modder"), playerId: id("player-two"), reason: "x" };
    for (const until of [new Date(Date.now() - 1000), new Date("0001-01-01T00:00:00Z")])
      await expect(harness.call.banPlayer({ ...order, until: timestampFromDate(until) })).rejects.toMatchObject({
        code: "invalid_request",
      });
    await harness.call.refresh({ refreshToken: tokens?.refreshToken as string });
  });

  it("ban: sessions end, log-in is refused with the reason, and only to who knows the password", async () => {
    const { tokens } = await harness.call.logIn({ name: "player-onex", password: PASSWORD });
    await ban("player-one", "modder");
    await expect(harness.call.refresh({ refreshToken: tokens?.refreshToken as string })).rejects.toMatchObject({
      code: "bad_refresh_token",
    });
    await expect(harness.call.logIn({ name: "player-onex", password: PASSWORD })).rejects.toMatchObject({
      code: "account_banned",
      details: { reason: "cheating" },
    });
    await expect(harness.call.logIn({ name: "player-onex", password: "wrong" })).rejects.toMatchObject({
      code: "bad_credentials",
    });
    await harness.call.unbanPlayer({ actorId: id("modder"), playerId: id("player-one"), reason: "appeal" });
    await harness.call.logIn({ name: "player-onex", password: PASSWORD });
  });

  it("lose what they may at once when their role is taken", async () => {
    await setRole("modder", Role.PLAYER);
    await expect(ban("player-two", "modder")).rejects.toMatchObject(refused);
    await setRole("modder", Role.MODERATOR);
    const { tokens } = await harness.call.logIn({ name: "modderx", password: PASSWORD });
    expect(decodeJwt(tokens?.accessToken as string)).toMatchObject({ role: "moderator" });
  });

  it("never all lose their role: nobody takes their own, and of two who take each other's at once one stays", async () => {
    await expect(setRole("root-admin", Role.PLAYER)).rejects.toMatchObject(refused);
    for (let round = 0; round < 5; round++) {
      const both = [["root-admin", "second-admin"] as const, ["second-admin", "root-admin"] as const];
      const done = await Promise.allSettled(both.map(([by, target]) => setRole(target, Role.PLAYER, by)));
      expect(done.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
      const [by, target] = both[done.findIndex(({ status }) => status === "fulfilled")] as (typeof both)[number];
      await setRole(target, Role.ADMIN, by);
    }
  });

  it("are written down: actor, target, reason, trace, in the order of what happened", async () => {
    await ban("player-two", "modder");
    const { entries } = await harness.call.listAuditLog({ actorId: id("root-admin"), pageSize: 200 });
    expect(entries[0]).toMatchObject({
      actor: id("modder"),
      action: "player_banned",
      target: id("player-two"),
      reason: "cheating",
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
    });
    expect(entries.at(-1)).toMatchObject({
      position: 1n,
      actor: "operator",
      action: "role_set",
      reason: "admin: made an admin on the server",
    });
    expect(entries.map((entry) => Number(entry.position))).toEqual(
      Array.from({ length: entries.length }, (_, i) => entries.length - i),
    );
  });

  const command = async (...args: string[]): Promise<{ code: number; said: string; complained: string }> => {
    const lines: string[] = [];
    const errors: string[] = [];
    const out = { log: (line: string) => void lines.push(line), error: (line: string) => void errors.push(line) };
    const code = await runOperator(args, { IDENTITY_DB_URL: harness.url }, out); // nothing else is needed
    return { code, said: lines.join("\n"), complained: errors.join("\n") };
  };

  it("find players by the name in any spelling, by its beginning, and by the id", async () => {
    const line = `${id("modder")}  modderx  registered  moderator  not banned`;
    for (const wanted of [
      "modderx",
      " MODDERX ",
      "\uff4d\uff4f\uff44\uff44\uff45\uff52\uff58", // full width
      "m\u043edderx", // a Cyrillic o
      id("modder").toUpperCase(),
    ])
      expect(await command("player", wanted), wanted).toEqual({ code: 0, said: line, complained: "" });
    const { said } = await command("player", "player-%");
    expect(said.split("\n").map((one) => one.split("  ")[1])).toEqual(["player-onex", "player-twox"]);
    expect((await command("player", "player-twox")).said).toMatch(/banned until 9999-/);
    for (const wanted of ["modder", "mod_erx", "%%", "mod_er%"])
      expect(await command("player", wanted), wanted).toMatchObject({ code: 1, complained: "no such player" });
  });

  it.each([[[]], [["player"]], [["grant", "modderx", "emperor", "why"]], [["revoke-keys"]], [["toString"]]])(
    "are told how to use the command: %j",
    async (args) => {
      const { code, complained } = await command(...args);
      expect(code).toBe(2);
      expect(complained).toMatch(/^usage: /m);
    },
  );

  it("write nothing when what they asked for was refused", async () => {
    const count = async (): Promise<number> =>
      (await harness.call.listAuditLog({ actorId: id("root-admin"), pageSize: 200 })).entries.length;
    const before = await count();
    await expect(ban("second-admin", "root-admin")).rejects.toMatchObject(refused);
    expect(await count()).toBe(before);
  });

  it("write one after the other however many act at once", async () => {
    await Promise.all(
      Array.from({ length: 10 }, () =>
        harness.call.unbanPlayer({
          actorId: id("modder"),
          playerId: id("player-two"),
          reason: "at once",
        }),
      ),
    );
    expect(await auditFault()).toBeUndefined();
  });

  it("a reason of any characters and length leaves the audit log as it was written", async () => {
    const emoji = "\u{1f600}";
    const odd = ["\u{1f468}\u200d\u{1f469}", "e\u0301", "half \ud83d", "\u0000", " ends with a space ", "\n\t"];
    const actorId = id("root-admin");
    for (const reason of [emoji.repeat(256), `x${emoji.repeat(255)}`, ...odd]) {
      await harness.call.setRole({ actorId, playerId: id("player-two"), role: Role.PLAYER, reason });
      await harness.call.banPlayer({ actorId, playerId: id("player-two"), reason });
      await harness.call.unbanPlayer({ actorId, playerId: id("player-two"), reason });
      await harness.call.authorizeMatchCancel({ actorId, matchId: id("player-two"), reason, record: true });
      await harness.call.rotateSigningKey({ actorId, reason });
      const { keys } = await harness.call.listSigningKeys({ actorId });
      const retiring = keys.find(({ state }) => state === "retiring");
      if (retiring) await harness.call.revokeSigningKey({ actorId, kid: retiring.kid, reason });
      expect(await auditFault(), JSON.stringify(reason)).toBeUndefined();
    }
    const out = { log: (): void => undefined, error: (): void => undefined };
    const env = {
      IDENTITY_DB_URL: harness.url,
      IDENTITY_KEY_ENCRYPTION_KEY: KEY_ENCRYPTION_KEY,
      IDENTITY_AUDIT_KEY: AUDIT_KEY,
    };
    for (const reason of [emoji.repeat(300), `x${emoji.repeat(300)}`, "half \ud83d"]) {
      expect(await runOperator(["grant", "player-twox", "player", reason], env, out)).toBe(0);
      expect(await runOperator(["revoke-keys", reason], env, out)).toBe(0);
      expect(await runOperator(["verify-audit-log"], env, out)).toBe(0);
    }
  });

  describe("the audit log shows", () => {
    const tampered = async (sql: string): Promise<string | undefined> => {
      const rows = await harness.db.selectFrom("audit_log").selectAll().orderBy("position").execute();
      await harness.raw(sql);
      const fault = await auditFault();
      const byTool = operator("verify-audit-log");
      expect(byTool.status).toBe(1);
      expect(String(byTool.stderr)).toContain(fault);
      await harness.raw("delete from audit_log");
      await harness.db.insertInto("audit_log").values(rows).execute();
      expect(await auditFault()).toBeUndefined();
      return fault;
    };

    it.each([
      ["an edit", "update audit_log set reason = 'nothing' where position = 2", "entry 2 has been changed"],
      ["a removal", "delete from audit_log where position = 2", "entries 2 to 2 are missing"],
      [
        "a swap",
        "update audit_log set position = case position when 2 then 3 else 2 end where position in (2, 3) order by position desc",
        "entry 2",
      ],
      [
        "a new first entry",
        "update audit_log set hash = repeat('x', 32) where position = 0",
        "entry 0 has been changed",
      ],
    ])("%s", async (note, sql, fault) => {
      // MariaDB checks unique keys row by row: swap through a free position.
      const statements =
        note === "a swap"
          ? "update audit_log set position = position + 1000 where position in (2, 3);update audit_log set position = 3 where position = 1002;update audit_log set position = 2 where position = 1003"
          : sql;
      expect(await tampered(statements)).toContain(fault);
    });
  });
});
