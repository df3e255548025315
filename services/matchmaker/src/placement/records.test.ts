import { CancelReason } from "@muster/contracts/match/v2";
import { AppError, commonError } from "@muster/errors";
import { LogLines, until } from "@muster/testkit";
import { v7 as uuidv7 } from "uuid";
import { describe, expect, it } from "vitest";
import { Records } from "./records.ts";

const notFound = (): AppError =>
  new AppError("match_not_found", { grpc: "not_found", retryable: false, message: "There is no such match." });

/** A match-service whose calls do what is said here, one after the other; the last goes on. */
function recordsWith(
  creates: (() => void)[],
  ends: (() => void)[],
  hear: (reason: CancelReason) => void = () => undefined,
) {
  const created: string[] = [];
  const ended: string[] = [];
  const undone: string[] = [];
  const next = (steps: (() => void)[]): void => (steps.length > 1 ? steps.shift() : steps[0])?.();
  const records = new Records({
    matches: {
      createMatch: async ({ matchId }: { matchId: string }) => (created.push(matchId), next(creates)),
      recordResult: async ({ matchId, outcome }: { matchId: string; outcome: { value: { reason: CancelReason } } }) => (
        ended.push(matchId), hear(outcome.value.reason), next(ends)
      ),
    } as never,
    metrics: { undone: { inc: ({ outcome }) => void undone.push(outcome) } },
    log: new LogLines().logger("matchmaker"),
  });
  const request = { matchId: uuidv7(), mode: "duel", gameId: "duel", buildId: "1", seed: 1, shardId: "s", seats: [] };
  return { records, request, created, ended, undone };
}

const fails = (err: AppError) => (): void => {
  throw err;
};
const works = (): void => undefined;

describe("the row of a match that is being placed", () => {
  it.each(["deadline_exceeded", "unavailable", "internal"] as const)(
    "%s is no refusal: the same match is created again",
    async (code) => {
      const { records, request, created, ended } = recordsWith([fails(commonError(code)), works], [works]);
      expect(await records.create(request)).toBe(true);
      expect(created).toEqual([request.matchId, request.matchId]);
      expect(ended).toEqual([]);
    },
  );

  it("whose creation nobody knows of is cancelled, however often that takes", async () => {
    const late = fails(commonError("deadline_exceeded"));
    const { records, request, ended, undone } = recordsWith([late], [late, late, works]);
    expect(await records.create(request)).toBe(false);
    await until(() => (undone.length > 0 ? undefined : "not cancelled yet"));
    expect(ended).toEqual([request.matchId, request.matchId, request.matchId]);
    expect(undone).toEqual(["cancelled"]);
  });

  it("that is not there yet is looked for again: its creation may still be on the way", async () => {
    const { records, request, ended, undone } = recordsWith([works], [fails(notFound()), fails(notFound()), works]);
    records.cancel(request.matchId);
    await until(() => (undone.length > 0 ? undefined : "not cancelled yet"));
    expect([ended.length, undone]).toEqual([3, ["cancelled"]]);
  });

  it("that is refused is not tried again, and one that is over already is left alone", async () => {
    const conflict = new AppError("match_conflict", { grpc: "already_exists", retryable: false, message: "other" });
    const stale = new AppError("stale_epoch", { grpc: "failed_precondition", retryable: false, message: "another's" });
    const { records, request, created, ended, undone } = recordsWith([fails(conflict)], [fails(stale)]);
    expect(await records.create(request)).toBe(false);
    expect([created.length, ended.length]).toEqual([1, 0]);
    records.cancel(request.matchId);
    await until(() => (undone.length > 0 ? undefined : "not looked at yet"));
    expect([ended.length, undone]).toEqual([1, ["gone"]]);
  });

  it("that is cancelled says that it was not placed, not that anybody stayed away; to an older match-service it says what that knows", async () => {
    const reasons: CancelReason[] = [];
    const old = (reason: CancelReason): void => {
      reasons.push(reason);
      if (reason > CancelReason.OPERATOR) throw commonError("invalid_request");
    };
    const { records, request, undone } = recordsWith([works], [works], old);
    records.cancel(request.matchId);
    await until(() => (undone.length > 0 ? undefined : "not cancelled yet"));
    expect([reasons, undone]).toEqual([[CancelReason.NOT_PLACED, CancelReason.NO_SHOW], ["cancelled"]]);
  });

  it("is left to its lease when the process stops", async () => {
    const { records, request, undone } = recordsWith([works], [fails(commonError("unavailable"))]);
    records.cancel(request.matchId);
    await records.stop();
    expect(undone).toEqual(["left to its lease"]);
  });
});
