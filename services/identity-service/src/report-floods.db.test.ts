// Many accounts of one network against one player: what reaches the moderators, and what stays.
import { randomBytes } from "node:crypto";
import { ReportCategory, ReportDecision } from "@muster/contracts/identity/v2";
import type { AppError } from "@muster/errors";
import { describeWithMariadb } from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Harness, startHarness } from "../test/harness.ts";
import { retentionRules } from "./retention.ts";

const PER_REPORTER = 20;
const PER_NETWORK = 60;
const YEAR_MS = 366 * 24 * 3600 * 1000;

describeWithMariadb("reports of one network", () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(() => harness[Symbol.asyncDispose]());

  /** Accounts inside have no address, so making them is not limited. */
  const guest = async (): Promise<string> => {
    const deviceKey = randomBytes(16).toString("hex");
    return (await harness.call.logInGuest({ deviceKey })).profile?.playerId as string;
  };
  const report = async (reporterId: string, playerId: string, clientAddress: string): Promise<string> => {
    const asked = { reporterId, playerId, category: ReportCategory.SPAM, clientAddress };
    return harness.call.reportPlayer(asked).then(
      () => "ok",
      (err: unknown) => (err as AppError).code,
    );
  };

  it("are limited together, however many guests make them; those of others are not buried", async () => {
    const victims = await Promise.all(Array.from({ length: PER_REPORTER }, guest));
    const answers: string[] = [];
    for (let n = 0; n < 5; n++) {
      const reporter = await guest();
      for (const victim of victims) answers.push(await report(reporter, victim, "2001:db8:9::1"));
    }
    expect(answers.filter((code) => code === "ok")).toHaveLength(PER_NETWORK);
    expect(new Set(answers.slice(PER_NETWORK))).toEqual(new Set(["too_many_reports"]));
    expect(await report(await guest(), victims[0] as string, "2001:db8:a::1")).toBe("ok");
  });

  it("are at most twenty a day of one reporter; a repeat of one that is open is that one, and counts as none", async () => {
    const reporter = await guest();
    const victims = await Promise.all(Array.from({ length: PER_REPORTER + 1 }, guest));
    const ids = await Promise.all(
      [victims[0], victims[0]].map(async (playerId) => {
        const asked = { reporterId: reporter, playerId: playerId as string, category: ReportCategory.SPAM };
        return (await harness.call.reportPlayer(asked)).reportId;
      }),
    );
    expect(ids[0]).toBe(ids[1]);
    const answers: string[] = [];
    for (const victim of victims.slice(1)) answers.push(await report(reporter, victim, ""));
    expect(answers).toEqual([...Array.from({ length: PER_REPORTER - 1 }, () => "ok"), "too_many_reports"]);
    expect(await report(reporter, victims[0] as string, "")).toBe("ok");
    expect(await report(reporter, reporter, "")).toBe("report_of_oneself");
  });

  it("are decided on once, and by nobody of whom they tell", async () => {
    const [reporter, moderator, other] = [await guest(), await guest(), await guest()];
    await harness.db.updateTable("accounts").set({ role: "moderator" }).where("id", "in", [moderator, other]).execute();
    const asked = { reporterId: reporter, playerId: moderator, category: ReportCategory.SPAM };
    const { reportId } = await harness.call.reportPlayer(asked);
    const decide = (actorId: string): Promise<unknown> =>
      harness.call.decideReport({ actorId, reportId, decision: ReportDecision.DISMISSED, reason: "harmless" });
    await expect(decide(reporter)).rejects.toMatchObject({ code: "not_allowed" });
    await expect(decide(moderator)).rejects.toMatchObject({ code: "not_allowed" });
    await decide(other);
    await expect(decide(other)).rejects.toMatchObject({ code: "report_decided" });
  });

  it("are not kept for ever, decided or not", async () => {
    const count = async (): Promise<number> => (await harness.db.selectFrom("reports").select("id").execute()).length;
    expect(await count()).toBeGreaterThan(0);
    const rules = retentionRules(harness.db, () => new Date(Date.now() + YEAR_MS), { deleted: () => undefined });
    for (const rule of rules) await rule(1000);
    expect(await count()).toBe(0);
  });
});
