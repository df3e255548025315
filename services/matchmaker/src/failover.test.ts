import { create } from "@bufbuild/protobuf";
import {
  CancelReason,
  EndReason,
  type Match,
  MatchSchema,
  MatchState,
  ParticipantSchema,
} from "@muster/contracts/match/v2";
import type { RelocateMatch } from "@muster/contracts/matchmaking/v2";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decideFailover,
  type FailoverSituation,
  mergeQuestions,
  MOVES_WITHOUT_A_TICK_MAX,
  movesAfter,
  PLACE_WITHIN_MS,
} from "./failover.ts";
import type { LiveShard } from "./placement/shards.ts";

function shard(shardId: string, more: Partial<LiveShard> = {}): LiveShard {
  return {
    shardId,
    address: `${shardId}:1`,
    capacity: 10,
    region: "",
    renewsLeases: true,
    tellsBegun: true,
    builds: new Map([["duel", "1"]]),
    descriptions: new Map(),
    matches: 0,
    given: 0,
    draining: false,
    overloaded: false,
    evacuating: false,
    heardAt: 0,
    ...more,
  };
}

function row(more: Partial<Match> = {}): Match {
  const common = { matchId: "m", shardId: "a", epoch: 2, state: MatchState.RUNNING, gameId: "duel", buildId: "1" };
  return Object.assign(create(MatchSchema, common), more);
}

/** A match on shard `a`, which is lost; nobody else is here. */
const LOST: FailoverSituation = {
  question: { matchId: "m", epoch: 2, ticks: 5, lost: true, since: 0 },
  match: row(),
  shards: [],
  isLinked: () => true,
  moves: undefined,
  refusedBy: new Set(),
  now: 0,
};
const HERE = { kind: "answer", location: { matchId: "m", epoch: 2, shardAddress: "a:1" } };
const TWO = [shard("a"), shard("b")];
const inVain = { ticks: 5, count: MOVES_WITHOUT_A_TICK_MAX };

describe("what becomes of a match", () => {
  it.each<[string, Partial<FailoverSituation>, unknown]>([
    [
      "without a row",
      { match: undefined },
      { kind: "answer", location: { matchId: "m", epoch: 2, over: "match_not_found" } },
    ],
    ["that is not called lost", { question: { ...LOST.question, lost: false }, shards: TWO }, HERE],
    ["that is called lost in an epoch that is over", { question: { ...LOST.question, epoch: 1 }, shards: TWO }, HERE],
    [
      "that is not called lost, but whose shard has gone",
      { question: { ...LOST.question, lost: false }, shards: [shard("b")] },
      { kind: "allocate", shardId: "b" },
    ],
    [
      "that is lost",
      { shards: [shard("a"), shard("b", { matches: 4 }), shard("c", { matches: 3 })] },
      { kind: "allocate", shardId: "c" },
    ],
    [
      "that one shard has refused",
      { shards: [shard("b"), shard("c", { matches: 3 })], refusedBy: new Set(["b"]) },
      { kind: "allocate", shardId: "c" },
    ],
    ["that three have refused", { shards: [shard("e")], refusedBy: new Set(["b", "c", "d"]) }, { kind: "wait" }],
    ["that nobody else can take, while its shard is here", { shards: [shard("a"), shard("b", { matches: 10 })] }, HERE],
    [
      "that nobody else can take, while its shard stops",
      { shards: [shard("a", { draining: true })] },
      { kind: "wait" },
    ],
    ["that no other build fits", { shards: [shard("b", { builds: new Map([["duel", "2"]]) })] }, { kind: "wait" }],
    ["that no gateway could reach elsewhere", { shards: [shard("b")], isLinked: () => false }, { kind: "wait" }],
    [
      "that has waited for as long as it may",
      { question: { ...LOST.question, since: 500 }, now: PLACE_WITHIN_MS + 500 },
      { kind: "wait" },
    ],
    [
      "that has waited for longer",
      { question: { ...LOST.question, since: 500 }, now: PLACE_WITHIN_MS + 501 },
      { kind: "cancel", reason: "shard_lost", why: "no shard has room" },
    ],
    [
      "that has moved in vain",
      { shards: [shard("b")], moves: inVain },
      { kind: "cancel", reason: "fault", why: "it was moved again and again without one tick" },
    ],
    [
      "that has moved without one tick, less often than in vain",
      { shards: [shard("b")], moves: { ...inVain, count: MOVES_WITHOUT_A_TICK_MAX - 1 } },
      { kind: "allocate", shardId: "b" },
    ],
    [
      "that has ticked since its moves",
      { shards: [shard("b")], moves: { ...inVain, ticks: 4 } },
      { kind: "allocate", shardId: "b" },
    ],
  ])("%s", (_, more, decision) => {
    expect(decideFailover({ ...LOST, ...more })).toEqual(decision);
  });

  it.each([
    [{ state: MatchState.CANCELLED, cancelReason: CancelReason.SHARD_LOST }, { over: "shard_lost" }],
    [{ state: MatchState.CANCELLED, cancelReason: CancelReason.NO_SHOW }, { over: "match_over" }],
    [
      { state: MatchState.ENDED, endReason: EndReason.FORFEIT, ticks: 7, stateHash: "h" },
      { over: "match_over", ended: { reason: "forfeit", seats: [], ticks: 7, stateHash: "h" } },
    ],
    [
      {
        state: MatchState.ENDED,
        endReason: EndReason.PLAYED,
        participants: [create(ParticipantSchema, { score: 30, rank: 2 }), create(ParticipantSchema, {})],
      },
      {
        over: "match_over",
        ended: {
          reason: "played",
          seats: [
            { score: 30, rank: 2 },
            { score: 0, rank: 1 },
          ],
          ticks: 0,
          stateHash: "",
        },
      },
    ],
  ])("that is over is told as it ended: %o", (more, ending) => {
    const location = { matchId: "m", epoch: 2, ...ending };
    expect(decideFailover({ ...LOST, match: row(more), shards: [shard("b")] })).toEqual({ kind: "answer", location });
  });

  it("is decided in at most four steps, and never offered to its own shard, one that refused, is full, stops or is not linked", () => {
    const id = fc.constantFrom("a", "b", "c", "d", "e", "f");
    const shards = fc.uniqueArray(
      fc.record({ shardId: id, matches: fc.nat(10), draining: fc.boolean(), linked: fc.boolean() }),
      { selector: ({ shardId }) => shardId },
    );
    fc.assert(
      fc.property(shards, fc.boolean(), fc.nat(2 * PLACE_WITHIN_MS), (all, lost, now) => {
        const refusedBy = new Set<string>();
        const linked = new Set(all.filter((one) => one.linked).map(({ shardId }) => `${shardId}:1`));
        for (let step = 1; ; step++) {
          const decision = decideFailover({
            ...LOST,
            question: { ...LOST.question, lost },
            shards: all.map(({ shardId, matches, draining }) => shard(shardId, { matches, draining })),
            isLinked: (address) => linked.has(address),
            refusedBy,
            now,
          });
          if (decision.kind !== "allocate") break;
          expect(step).toBeLessThanOrEqual(3);
          const chosen = all.find(({ shardId }) => shardId === decision.shardId);
          expect(chosen).toMatchObject({ draining: false, linked: true });
          expect(chosen?.matches).toBeLessThan(10);
          expect(["a", ...refusedBy]).not.toContain(decision.shardId);
          refusedBy.add(decision.shardId);
        }
      }),
    );
  });
});

it("several gateways' questions about a match become one, in any order: the latest epoch, the longest log, lost if that epoch's say so", () => {
  const question = fc.record({ matchId: fc.constant("m"), epoch: fc.nat(3), ticks: fc.nat(9), lost: fc.boolean() });
  fc.assert(
    fc.property(fc.array(question, { minLength: 1, maxLength: 5 }), (all) => {
      const epoch = Math.max(...all.map((one) => one.epoch));
      const merged = (all as RelocateMatch[]).reduce<ReturnType<typeof mergeQuestions> | undefined>(
        (before, one) => mergeQuestions(before, one, before ? 20 : 10),
        undefined,
      );
      expect(merged).toEqual({
        matchId: "m",
        epoch,
        ticks: Math.max(...all.map((one) => one.ticks)),
        lost: all.some((one) => one.epoch === epoch && one.lost),
        since: 10,
      });
    }),
  );
});

it("moves are counted for as long as there is no tick between them", () => {
  expect([5, 5, 6, 6, 6].reduce(movesAfter, undefined as never)).toEqual({ ticks: 6, count: 3 });
});
