// The moderation log against somebody with write access to its table, and next to a release without hashes and seals.
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import path from "node:path";
import { createAuditLog, createSealer, listAuditEntries, verifyAuditLog } from "@muster/audit";
import { createDatabase, type DbPart, inTransaction, migrate } from "@muster/db";
import { anyDatabase } from "@muster/resilience/testing";
import { describeWithMariadb, freshDatabases, until } from "@muster/testkit";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { AUDIT_KEY, letIn, person, startHarness } from "../test/harness.ts";
import { chatSealer } from "./audit.ts";
import { GLOBAL_CHANNEL_ID } from "./channels.ts";
import { migrations, migrationsWith } from "./migrations/index.ts";
import { runOperator } from "./operator-commands.ts";
import type { Tables } from "./schema.ts";

const NEW_KEY = "b1".repeat(32);
const at = new Date("2026-11-20T10:11:12.123Z");

async function operator(url: string, args: string[], keys = AUDIT_KEY): Promise<{ code: number; said: string }> {
  const lines: string[] = [];
  const say = (line: string): void => void lines.push(line);
  const code = await runOperator(args, { CHAT_DB_URL: url, CHAT_AUDIT_KEY: keys }, { log: say, error: say });
  return { code, said: lines.join("\n") };
}
const good = { code: 0, said: expect.stringContaining("the moderation log is intact") as string };

describeWithMariadb("the moderation log", () => {
  it("has what moderators do, each thing once, and what nobody else does to others", async () => {
    await using harness = await startHarness();
    const [owner, moderator, rude] = [person("Own"), person("Mod", true), person("Rude")];
    const { channel } = await harness.call.createRoom({ actor: owner, name: "a room", private: false });
    const channelId = channel?.channelId as string;
    for (const player of [moderator, rude]) await letIn(harness.call, owner, channelId, player);
    const post = async (key: string): Promise<bigint> =>
      (await harness.call.postMessage({ actor: rude, channelId, body: "rude", key })).message?.seq as bigint;
    const [own, seq] = [await post("1"), await post("2")];
    await harness.call.deleteMessage({ actor: rude, channelId, seq: own });
    await harness.call.deleteMessage({ actor: moderator, channelId, seq });
    const { playerId } = rude;
    await harness.call.mutePlayer({ actor: moderator, channelId, playerId, seconds: 60, reason: "insults" });
    await harness.call.unmutePlayer({ actor: moderator, channelId, playerId });
    await harness.call.removeMember({ actor: owner, channelId, playerId });
    await harness.call.removeMember({ actor: moderator, channelId, playerId: moderator.playerId }); // leaves
    const entries = (await listAuditEntries(harness.db, 0, 10)).toReversed();
    expect(entries.map(({ actor, action, reason }) => [actor, action, reason])).toEqual([
      [moderator.playerId, "message_deleted", `message ${seq}`],
      [moderator.playerId, "player_muted", "insults"],
      [moderator.playerId, "player_unmuted", ""],
      [owner.playerId, "member_removed", ""],
    ]);
    expect(new Set(entries.map(({ target }) => target))).toEqual(new Set([`${playerId}/${channelId}`]));
  });

  it("is watched while the service runs", async () => {
    await using harness = await startHarness();
    const { call, db, url } = harness;
    await call.mutePlayer({
      actor: person("Mod", true),
      channelId: GLOBAL_CHANNEL_ID,
      playerId: person().playerId,
      seconds: 60,
      reason: "insults",
    });
    await sql`update audit_log set reason = 'changed' where position = 1`.execute(db);
    expect(await operator(url, ["verify-moderation-log"])).toMatchObject({ code: 1 });
    await harness.another(); // looks when it starts, and every minute
    const fault = "the audit log is not intact: entry 1 has been changed";
    await until(() => (harness.logs.withMessage(fault).length > 0 ? undefined : "not looked at"));
  });

  it("never sends an operator to the commands of another service's log, which would seal that one", async () => {
    await using harness = await startHarness();
    await inTransaction(harness.db, (tx) =>
      createAuditLog(chatSealer(AUDIT_KEY)).append(tx, { actor: "system", action: "x", target: "", reason: "", at }),
    );
    await sql`update audit_log set seal = null, key_id = null`.execute(harness.db);
    const said: string[] = [];
    for (const args of [[], ["verify-moderation-log"], ["verify-moderation-log", "x"], ["seal-moderation-log", "x"]])
      said.push((await operator(harness.url, args)).said);
    expect(said[1]).toContain("seal-moderation-log seals them");
    expect(said[3]).toContain("usage: seal-moderation-log FROM-TO REASON");
    for (const text of said) expect(text).not.toMatch(/audit.log/);
  });

  it("keeps its name, which is in every seal: another release verifies it", async () => {
    await using harness = await startHarness();
    await inTransaction(harness.db, (tx) =>
      createAuditLog(chatSealer(AUDIT_KEY)).append(tx, { actor: "system", action: "x", target: "", reason: "", at }),
    );
    expect((await verifyAuditLog(harness.db, createSealer("chat", AUDIT_KEY))).fault).toBeUndefined();
  });

  it("is verified by the operator, and sealed with a new key", async () => {
    await using harness = await startHarness();
    const [moderator, rude] = [person("Mod", true), person("Rude")];
    const muted = { actor: moderator, channelId: GLOBAL_CHANNEL_ID, playerId: rude.playerId };
    await harness.call.mutePlayer({ ...muted, seconds: 60, reason: "x".repeat(256) });
    await harness.call.unmutePlayer(muted);
    expect(await operator(harness.url, ["verify-moderation-log"])).toEqual(good);
    expect((await operator(harness.url, ["verify-moderation-log"], NEW_KEY)).said).toContain("is none of those given");
    const withoutOld = await operator(harness.url, ["reseal-moderation-log", "the yearly change"], NEW_KEY);
    expect(withoutOld.said).toContain("Nothing was sealed: if that is one of your keys, give it too");
    const both = `${NEW_KEY},${AUDIT_KEY}`;
    const resealed = await operator(harness.url, ["reseal-moderation-log", "the yearly change"], both);
    expect(resealed).toMatchObject({
      code: 0,
      said: expect.stringContaining("2 entries were sealed again") as unknown,
    });
    expect(await operator(harness.url, ["verify-moderation-log"], NEW_KEY)).toEqual(good);
    await sql`update audit_log set target = 'somebody else' where position = 1`.execute(harness.db);
    expect(await operator(harness.url, ["verify-moderation-log"], NEW_KEY)).toEqual({
      code: 1,
      said: "entry 1 has been changed",
    });
  });
});

describeWithMariadb("the moderation log of the release before", () => {
  let part: DbPart<Tables>;
  let url: string;
  beforeAll(async () => {
    ({ "chat-service": url } = await freshDatabases());
    part = createDatabase({ url, dependency: anyDatabase(4, { waitMs: 5000, statementMs: 10_000 }) });
    await migrate(part.db, migrations);
  });
  afterAll(() => part.stop());
  beforeEach(async () => {
    await part.db.deleteFrom("audit_log").where("position", ">", 0).execute();
    await part.db
      .deleteFrom("kysely_migration" as never)
      .where("name" as never, "like", "%adopt%" as never)
      .execute();
  });

  const [actor, target, channel] = [randomUUID(), randomUUID(), randomUUID()];
  const wroteOld = async (count: number): Promise<void> => {
    const row = { at, actor_id: actor, action: "player_muted", channel_id: channel, target_id: target } as const;
    const rows = Array.from({ length: count }, (_, i) => ({
      ...row,
      reason: `reason ${i}`,
      trace_id: "ab".repeat(16),
    }));
    await part.db.insertInto("moderation_log").values(rows).execute();
  };

  it("is adopted by the process that migrates, with the key that it is given", async () => {
    await wroteOld(1);
    const cwd = path.resolve(import.meta.dirname, "..");
    const env = { ...process.env, CHAT_DB_URL: url };
    const migrating = (key: Record<string, string>): number | null =>
      spawnSync(process.execPath, ["src/migrate.ts"], { cwd, env: { ...env, ...key } }).status;
    expect(migrating({ CHAT_AUDIT_KEY: "" })).toBe(2);
    expect(await listAuditEntries(part.db, 0, 10)).toEqual([]);
    expect(migrating({ CHAT_AUDIT_KEY: AUDIT_KEY })).toBe(0);
    expect((await listAuditEntries(part.db, 0, 10)).map(({ action }) => action)).toEqual([
      "moderation_adopted",
      "player_muted",
    ]);
    expect(await operator(url, ["verify-moderation-log"])).toEqual(good);
  });

  it("becomes entries of the audit log by migrating, in its order and with its times, and not without a key", async () => {
    await wroteOld(230);
    await expect(migrate(part.db, migrations)).rejects.toThrow("there is no key to seal them with");
    await migrate(part.db, migrationsWith(chatSealer(AUDIT_KEY)));
    const entries = (await listAuditEntries(part.db, 0, 1000)).toReversed();
    const adopted = entries.filter(({ action }) => action === "player_muted");
    expect(adopted.map(({ reason }) => reason)).toEqual(Array.from({ length: 230 }, (_, i) => `reason ${i}`));
    expect(adopted[7]).toMatchObject({ actor, at, target: `${target}/${channel}`, trace_id: "ab".repeat(16) });
    expect(entries.filter(({ action }) => action === "moderation_adopted").map((entry) => entry.target)).toEqual([
      "100 entries",
      "100 entries",
      "30 entries",
    ]);
    expect(await operator(url, ["verify-moderation-log"])).toEqual(good);
    expect(await part.db.selectFrom("moderation_log").selectAll().execute()).toEqual([]);
  });

  it("is taken over by the running service, when an instance of that release wrote it during the update", async () => {
    await using harness = await startHarness();
    await sql`insert into moderation_log (at, actor_id, action, channel_id, target_id, reason, trace_id)
      values (${at}, ${actor}, 'member_removed', ${channel}, ${target}, 'late', ${"0".repeat(32)})`.execute(harness.db);
    await harness.another(); // looks when it starts, and every ten minutes
    const actions = async (): Promise<string[]> =>
      (await listAuditEntries(harness.db, 0, 10)).map(({ action }) => action);
    await until(async () => ((await actions()).length === 2 ? undefined : "not taken over"));
    expect(await actions()).toEqual(["moderation_adopted", "member_removed"]);
  });
});
