import { CancelReason, MatchState, type RenewLeasesRequest } from "@muster/contracts/match/v2";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { RenewLeasesRequestSchema } from "@muster/contracts/match/v2";
import { createMetrics } from "@muster/runtime";
import { LogLines, until } from "@muster/testkit";
import { expect, it } from "vitest";
import { createLeases } from "./leases.ts";
import { createShardMetrics } from "../metrics.ts";

type Request = MessageInitShape<typeof RenewLeasesRequestSchema>;

function leasesOf(
  held: readonly string[],
  answer: (request: Request) => unknown,
): { asked: Request[]; lost: [string, string | undefined][]; part: ReturnType<typeof createLeases> } {
  const asked: Request[] = [];
  const lost: [string, string | undefined][] = [];
  const none = (): number => 0;
  const part = createLeases({
    shardId: "s1",
    everyMs: 20,
    held: () => held,
    lost: (matchId, reason) => void lost.push([matchId, reason]),
    matches: {
      renewLeases: async (request: RenewLeasesRequest) => (asked.push(request), answer(request)),
    } as never,
    metrics: createShardMetrics(createMetrics("shard"), none, none, none, () => false),
    log: new LogLines().logger("shard"),
  });
  return { asked, lost, part };
}

it("a shard says all that it holds, in calls that match-service takes, again and again, also after a failure", async () => {
  const held = Array.from({ length: 1201 }, (_, i) => `m${i}`);
  let failures = 1;
  const { asked, lost, part } = leasesOf(held, () => {
    if (failures-- > 0) throw new Error("away");
    return { lost: [] };
  });
  await part.start?.();
  await until(() => (asked.length >= 6 ? undefined : `${asked.length} calls`));
  await part.stop?.();
  expect(asked.slice(0, 3).map(({ matchIds }) => matchIds?.length)).toEqual([500, 500, 201]);
  expect(asked.slice(3, 6).flatMap(({ matchIds }) => matchIds)).toEqual(held);
  expect(lost).toEqual([]);
});

it("a shard lets go of what is over, with the reason, and of what is another's, without a word", async () => {
  const { lost, part } = leasesOf(["a", "b", "c"], () => ({
    lost: [
      { matchId: "a", state: MatchState.CANCELLED, cancelReason: CancelReason.SHARD_LOST },
      { matchId: "b", state: MatchState.RUNNING, cancelReason: CancelReason.UNSPECIFIED },
    ],
  }));
  await part.start?.();
  await until(() => (lost.length >= 2 ? undefined : "nothing lost"));
  await part.stop?.();
  expect(lost.slice(0, 2)).toEqual([
    ["a", "shard_lost"],
    ["b", undefined],
  ]);
});
