import { createLogger } from "@muster/log";
import { until } from "@muster/testkit";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Takeovers, type PendingJoin } from "./takeovers.ts";
import type { Link } from "../tick/subscribers.ts";
import type { LogTransfer } from "./log-transfers.ts";
import type { MatchSpec } from "../match/match-spec.ts";
import { MATCH_START, type ResumePoint } from "./resume-point.ts";

const spec = { matchId: "m", epoch: 2 } as MatchSpec;
const link = { gatewayId: "g" } as Link;
const log = new Uint8Array(0);

function takeovers(refuse: (ticks: number) => boolean = () => false): { takeovers: Takeovers; order: string[] } {
  const order: string[] = [];
  const owner = {
    takeOver(_: MatchSpec, { checksum }: ResumePoint) {
      if (refuse(checksum)) throw new Error("does not fit");
      order.push("resumed");
    },
    lost: () => void order.push("lost"),
    join: () => undefined,
  };
  const all = new Takeovers({ othersWithinMs: 10, logWithinMs: 10 }, owner, createLogger("test", "fatal"));
  return { takeovers: all, order };
}

describe("a match that is being taken over", () => {
  it("has its spectators' gateways wait until it is there", () => {
    const { takeovers: all, order } = takeovers();
    all.expect(spec, { gatewayIds: ["g", "h"], afresh: false });
    const transfer = { ticks: 1, checksum: 0, replicas: ["g", "h"], log, keyframe: log };
    all.transferLog("m", 2, { ...transfer, gatewayId: "g" });
    expect(all.watch("m", link, () => order.push("watch"))).toBe(true);
    expect(order).toEqual([]); // the other gateway's log is not here yet
    all.transferLog("m", 2, { ...transfer, gatewayId: "h" });
    expect(order).toEqual(["resumed", "watch"]);
    expect(all.watch("m", link, () => undefined)).toBe(false);
  });

  it("tells them too when it is not to be, and not those who have left", () => {
    const { takeovers: all, order } = takeovers();
    all.expect(spec, { gatewayIds: ["g"], afresh: false });
    all.watch("m", link, () => order.push("watch"));
    const other = { gatewayId: "h" } as Link;
    all.watch("m", other, () => order.push("other"));
    all.unwatch("m", other);
    expect(all.drop("m")).toBe(true);
    expect(order).toEqual(["watch"]);
  });

  it("starts from its seed when it never began and no log comes; not when nobody knows that", async () => {
    for (const [afresh, outcome] of [
      [true, "resumed"],
      [false, "lost"],
    ] as const) {
      const { takeovers: all, order } = takeovers();
      all.expect(spec, { gatewayIds: ["g"], afresh });
      await until(() => (order.length > 0 ? undefined : "not decided"));
      expect(order).toEqual([outcome]);
    }
  });

  it("waits for logs of the later epoch when it is offered in one; who asked for a seat in the earlier one looks again", () => {
    const { takeovers: all, order } = takeovers();
    all.expect(spec, { gatewayIds: ["g"], afresh: false });
    const answer = (refusal: string | undefined): void => void order.push(refusal ?? "seated");
    all.join("m", { seat: 0, playerId: "a", session: { link, id: 1 }, lastMatchSeq: 0, answer } as never);
    all.expect({ ...spec, epoch: 4 }, { gatewayIds: ["g"], afresh: false });
    const transfer = { ticks: 1, checksum: 0, replicas: ["g"], log, keyframe: log, gatewayId: "g" };
    all.transferLog("m", 2, transfer);
    expect(order).toEqual(["match_not_found"]);
    all.transferLog("m", 4, transfer);
    expect(order).toEqual(["match_not_found", "resumed"]);
  });
});

describe("the logs of a match that is taken over", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
  afterEach(() => void vi.useRealTimers());

  const OTHERS_MS = 500;
  const LOG_MS = 3000;
  const keyframe = Uint8Array.of(1);
  const replicas = ["g", "h"];

  /** `refuses`: what does not fit. `tried`: every way that was tried, `decided`: how it ended, by match. */
  function waiting(refuses: (resumePoint: ResumePoint) => boolean = () => false) {
    const tried: string[] = [];
    const decided: string[] = [];
    const all = new Takeovers(
      { othersWithinMs: OTHERS_MS, logWithinMs: LOG_MS },
      {
        takeOver({ matchId }, resumePoint) {
          tried.push(`${resumePoint.checksum}${resumePoint.keyframe ? " from its keyframe" : ""}`);
          if (refuses(resumePoint)) throw new Error("does not fit");
          decided.push(`${matchId} resumed, replicated by ${[...resumePoint.recordsByGateway.keys()].join("")}`);
        },
        lost: ({ matchId }) => void decided.push(`${matchId} lost`),
        join: (_, join) => join.answer(undefined),
      },
      createLogger("test", "silent"),
    );
    const hand = (gatewayId: string, ticks: number, more: Partial<LogTransfer> = {}, epoch = 2): void =>
      all.transferLog("m", epoch, { gatewayId, ticks, checksum: ticks, replicas, log, keyframe: log, ...more });
    return { all, tried, decided, hand };
  }

  function joining(seat: number): { join: PendingJoin; answers: (string | undefined)[] } {
    const answers: (string | undefined)[] = [];
    return { join: { seat, answer: (why: string | undefined) => void answers.push(why) } as never, answers };
  }

  it("are waited for three seconds, anew with each offer as long as there is none, and then the match is lost", () => {
    const { all, decided } = waiting();
    all.expect(spec, { gatewayIds: replicas, afresh: false });
    vi.advanceTimersByTime(LOG_MS - 1);
    all.expect(spec, { gatewayIds: replicas, afresh: false });
    vi.advanceTimersByTime(LOG_MS - 1);
    expect(decided).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(decided).toEqual(["m lost"]);
    expect(all.size).toBe(0);
  });

  it("once there is one, are waited for half a second more, whatever is offered again", () => {
    const { all, decided, hand } = waiting();
    all.expect(spec, { gatewayIds: [...replicas, "i"], afresh: false });
    hand("g", 5, { replicas: ["g", "h", "i"] });
    vi.advanceTimersByTime(OTHERS_MS - 100);
    hand("h", 5); // the second does not begin the time anew
    all.expect(spec, { gatewayIds: [...replicas, "i"], afresh: false });
    vi.advanceTimersByTime(100);
    expect(decided).toEqual(["m resumed, replicated by gh"]);
  });

  it("are not waited for when their gateway is not there, or goes", () => {
    const absent = waiting();
    absent.all.expect(spec, { gatewayIds: ["g"], afresh: false });
    absent.hand("g", 5);
    expect(absent.decided).toEqual(["m resumed, replicated by g"]);

    const going = waiting();
    going.all.expect(spec, { gatewayIds: replicas, afresh: false });
    going.all.gatewayGone("g"); // there is no log yet: the other one may come
    expect(going.decided).toEqual([]);
    going.hand("h", 5);
    expect(going.decided).toEqual(["m resumed, replicated by h"]);

    const after = waiting();
    after.all.expect(spec, { gatewayIds: replicas, afresh: false });
    after.hand("g", 5);
    after.all.gatewayGone("h");
    expect(after.decided).toEqual(["m resumed, replicated by g"]);
  });

  it("are tried from the longest on, each from its keyframe first; one that does not fit is passed over", () => {
    const { all, tried, decided, hand } = waiting(
      ({ checksum, keyframe: from }) => checksum === 9 || from !== undefined,
    );
    all.expect(spec, { gatewayIds: replicas, afresh: false });
    hand("g", 7, { keyframe });
    hand("h", 9, { keyframe });
    expect(tried).toEqual(["9 from its keyframe", "9", "7 from its keyframe", "7"]);
    expect(decided).toEqual(["m resumed, replicated by gh"]);
  });

  it("are not looked at for another epoch, after the decision, or for a match that is not expected", () => {
    const { all, tried, decided, hand } = waiting();
    hand("g", 5);
    all.expect(spec, { gatewayIds: ["g"], afresh: false });
    hand("g", 5, {}, 1);
    hand("g", 5, {}, 3);
    expect(tried).toEqual([]);
    hand("g", 5);
    hand("g", 6);
    expect([tried, decided]).toEqual([["5"], ["m resumed, replicated by g"]]);
  });

  it("are waited for half a second only where nothing was ever shown; if it cannot be set up either, it is lost", () => {
    const { all, tried, decided } = waiting(() => true);
    all.expect(spec, { gatewayIds: replicas, afresh: true });
    vi.advanceTimersByTime(OTHERS_MS);
    expect([tried, decided]).toEqual([["0"], ["m lost"]]);
  });

  it("that have a tick show that it began, whoever says that it did not: it does not start from its seed", () => {
    for (const [ticks, outcome] of [
      [1, "m lost"],
      [0, "m resumed, replicated by "],
    ] as const) {
      const { all, tried, decided, hand } = waiting((resumePoint) => resumePoint !== MATCH_START);
      all.expect(spec, { gatewayIds: ["g"], afresh: true });
      hand("g", ticks, { checksum: 77 }); // it does not fit
      expect([tried[0], decided]).toEqual(["77", [outcome]]);
    }
  });

  it("have their times by themselves: those of a decision before do not count", () => {
    const { all, decided, hand } = waiting();
    all.expect(spec, { gatewayIds: replicas, afresh: false });
    vi.advanceTimersByTime(LOG_MS - 1);
    hand("g", 5);
    vi.advanceTimersByTime(OTHERS_MS - 1);
    expect(decided).toEqual([]); // the time for any log at all is over, and there is one
    hand("h", 5);
    all.expect({ ...spec, epoch: 4 }, { gatewayIds: replicas, afresh: false }); // after a decision
    vi.advanceTimersByTime(LOG_MS - 1);
    all.expect({ ...spec, epoch: 6 }, { gatewayIds: replicas, afresh: false }); // without one
    vi.advanceTimersByTime(LOG_MS - 1);
    expect(decided).toEqual(["m resumed, replicated by gh"]);
    vi.advanceTimersByTime(1);
    expect(decided).toEqual(["m resumed, replicated by gh", "m lost"]);
  });

  it("keep who asks for a seat waiting until it is decided, 256 at most; nobody else is kept", () => {
    const { all, hand } = waiting();
    const early = joining(0);
    all.join("m", early.join);
    expect(early.answers).toEqual(["match_not_found"]);

    all.expect(spec, { gatewayIds: ["g"], afresh: false });
    const [one, many, over] = [joining(0), joining(1), joining(1)];
    all.join("m", one.join);
    for (let i = 1; i < 256; i++) all.join("m", many.join);
    all.join("m", over.join);
    expect([one.answers, over.answers]).toEqual([[], ["match_not_found"]]);
    hand("g", 5);
    expect([one.answers, many.answers.length]).toEqual([[undefined], 255]);
  });

  it("are not waited for by a shard that stops: who asked for a seat looks elsewhere", () => {
    const { all, decided } = waiting();
    all.expect(spec, { gatewayIds: replicas, afresh: false });
    all.expect({ ...spec, matchId: "n" }, { gatewayIds: replicas, afresh: false });
    const { join, answers } = joining(0);
    all.join("m", join);
    expect([all.has("m"), all.size]).toEqual([true, 2]);
    all.stop();
    vi.advanceTimersByTime(2 * LOG_MS);
    expect([all.size, decided, answers]).toEqual([0, [], ["match_not_found"]]);
    expect(all.drop("m")).toBe(false);
    all.unwatch("m", link); // nobody waits for it
  });
});
