import { randomBytes } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { CancelReason, EndReason, type RecordResultRequestSchema } from "@muster/contracts/match/v2";
import { AppError, COMMON_ERRORS } from "@muster/errors";
import { InputLog, packLog, unpackLog } from "@muster/game-kit";
import { createMetrics, sleep } from "@muster/runtime";
import { LogLines, until } from "@muster/testkit";
import { newTrace } from "@muster/tracing";
import { describe, expect, it } from "vitest";
import { createShardMetrics } from "../metrics.ts";
import { type FinishedMatch, Results } from "./results.ts";

type Request = MessageInitShape<typeof RecordResultRequestSchema>;

const NOT_STORED = "stopping before a result was stored";
const refusal = (code: string): AppError => new AppError(code, COMMON_ERRORS.unavailable);

/** `answer` is match-service: it throws, or has the result. */
function resultsWith(answer: (request: Request, call: number) => unknown): {
  results: Results;
  requests: Request[];
  logs: LogLines;
  /** matchId by matchId, as they are told to be stored. */
  stored: string[];
  finished(matchId: string, more?: Partial<FinishedMatch>): FinishedMatch;
  counted(name: string): Promise<number>;
  /** Values of the label `code`, in the order of their first use. */
  codes(name: string): Promise<unknown[]>;
} {
  const requests: Request[] = [];
  const stored: string[] = [];
  const logs = new LogLines();
  const registry = createMetrics("shard");
  const none = (): number => 0;
  const client = {
    recordResult: async (request: Request) => {
      const answered = await answer(request, requests.push(request));
      return answered ?? { duplicate: false };
    },
  };
  const metrics = createShardMetrics(registry, none, none, none, () => false);
  return {
    results: new Results("s1", client as never, metrics, logs.logger("shard")),
    requests,
    logs,
    stored,
    finished: (matchId, more) => ({
      matchId,
      epoch: 2,
      trace: newTrace(),
      outcome: { kind: "cancelled", reason: "no_show" },
      unplayed: [],
      ticks: 40,
      stateHash: "cafe",
      log: undefined,
      onStored: () => void stored.push(matchId),
      ...more,
    }),
    async counted(name) {
      const metric = await registry.getSingleMetric(name)?.get();
      return metric?.values.reduce((sum, { value }) => sum + value, 0) ?? Number.NaN;
    },
    async codes(name) {
      const metric = await registry.getSingleMetric(name)?.get();
      return metric?.values.map(({ labels }) => labels["code"]) ?? [];
    },
  };
}

const played = {
  kind: "ended",
  reason: "played",
  result: {
    seats: [
      { score: 3, rank: 2 },
      { score: 5, rank: 1 },
    ],
  },
} as const;

function logOf(...records: Uint8Array[]): Uint8Array {
  const log = new InputLog(1_000_000);
  for (const record of records) log.append(record);
  return log.bytes.slice();
}

describe("the result of a match", () => {
  it("that was played has scores and ranks by seat, who did not really play, and the input log to see it again", async () => {
    const { results, requests, stored, finished } = resultsWith(() => undefined);
    const log = logOf(Uint8Array.of(1), Uint8Array.of(2, 2));
    results.store(finished("m", { outcome: { ...played, reason: "forfeit" }, unplayed: [0], log }));
    await results.flush(5000);
    expect(requests).toMatchObject([
      {
        matchId: "m",
        epoch: 2,
        shardId: "s1",
        ticks: 40,
        stateHash: "cafe",
        outcome: {
          case: "completed",
          value: {
            reason: EndReason.FORFEIT,
            seats: [
              { seat: 0, score: 3, rank: 2 },
              { seat: 1, score: 5, rank: 1 },
            ],
            unplayedSeats: [0],
          },
        },
      },
    ]);
    expect(await unpackLog(requests[0]?.inputLog as Uint8Array)).toEqual(log);
    expect(stored).toEqual(["m"]);
    expect(results.pending).toBe(0);
  });

  it.each([
    ["no_show", CancelReason.NO_SHOW],
    ["abandoned", CancelReason.ABANDONED],
    ["fault", CancelReason.FAULT],
    ["shard_lost", CancelReason.SHARD_LOST],
    ["operator", CancelReason.OPERATOR],
  ] as const)("that was cancelled has the reason %s, and no log: nobody sees it again", async (reason, said) => {
    const { results, requests, finished } = resultsWith(() => undefined);
    results.store(finished("m", { outcome: { kind: "cancelled", reason }, log: logOf(Uint8Array.of(1)) }));
    await results.flush(5000);
    expect(requests).toMatchObject([{ outcome: { case: "cancelled", value: { reason: said } } }]);
    expect(requests[0]?.inputLog).toHaveLength(0);
  });

  it("is stored without its log when that outgrew its limit, or is larger than match-service takes", async () => {
    for (const [log, warnings] of [
      [undefined, 0],
      [logOf(randomBytes(60_000), randomBytes(60_000), randomBytes(60_000), randomBytes(60_000)), 1],
    ] as const) {
      const { results, requests, stored, logs, finished } = resultsWith(() => undefined);
      results.store(finished("m", { outcome: played, log }));
      await results.flush(5000);
      expect(requests[0]?.inputLog).toHaveLength(0);
      expect(stored).toEqual(["m"]);
      expect(logs.withMessage("the input log is too large to be stored")).toHaveLength(warnings);
    }
  });
});

it("the log of a result may be as large as match-service takes, not a byte larger", async () => {
  const bytesMax = 192 * 1024;
  // What cannot be compressed grows by the same for every log of about this size.
  const overhead = (await packLog(randomBytes(bytesMax - 100))).length - (bytesMax - 100);
  for (const [larger, bytes] of [
    [0, bytesMax],
    [1, 0],
  ] as const) {
    const { results, requests, finished } = resultsWith(() => undefined);
    results.store(finished("m", { outcome: played, log: randomBytes(bytesMax - overhead + larger) }));
    await results.flush(5000);
    expect(requests[0]?.inputLog).toHaveLength(bytes);
  }
});

describe("a result that is not stored at once", () => {
  it("is tried again until it is, whatever went wrong, and answered for until then", async () => {
    const errors = [refusal("unavailable"), new TypeError("of the connection"), refusal("internal")];
    const { results, requests, stored, logs, finished, counted } = resultsWith((_, call) => {
      const error = errors[call - 1];
      if (error) throw error;
      return { duplicate: true }; // the first try had come through, without its answer
    });
    results.store(finished("m"));
    expect([results.pending, results.pendingIds]).toEqual([1, ["m"]]);
    await until(() => (stored.length > 0 ? undefined : `${requests.length} tries`));
    await results.flush(0);
    expect(requests).toHaveLength(4);
    expect(new Set(requests).size).toBe(1);
    expect([results.pending, results.pendingIds]).toEqual([0, []]);
    expect(await counted("shard_result_retries_total")).toBe(3);
    expect(await counted("shard_results_stored_total")).toBe(1);
    const delays = logs.withMessage("a result could not be stored; trying again").map(({ delayMs }) => Number(delayMs));
    expect(delays).toHaveLength(3);
    for (const [i, delayMs] of delays.entries()) expect(delayMs / 2 ** i).toSatisfy((ms) => ms >= 50 && ms <= 100);
  });

  it("after an earlier wait for results ended in time is tried again as well", async () => {
    const { results, stored, finished } = resultsWith((_, call) => {
      if (call === 1) throw refusal("unavailable");
    });
    await results.flush(10);
    await sleep(30);
    results.store(finished("m"));
    await results.flush(5000);
    expect(stored).toEqual(["m"]);
  });

  it.each(["stale_epoch", "result_conflict", "bad_result", "match_not_found", "invalid_request"])(
    "because match-service will never take it (%s) is let go of, and counted",
    async (code) => {
      const { results, requests, stored, logs, finished, counted, codes } = resultsWith(() => {
        throw refusal(code);
      });
      results.store(finished("m"));
      await results.flush(5000);
      expect(requests).toHaveLength(1);
      expect(stored).toEqual(["m"]); // the gateways' logs are not needed any more
      expect(await counted("shard_results_refused_total")).toBe(1);
      expect(await codes("shard_results_refused_total")).toEqual([code]);
      expect(logs.withMessage("match-service refused a result permanently")).toMatchObject([{ matchId: "m", code }]);
    },
  );

  it("when the shard has to stop is tried once more, and then logged whole but for its inputs", async () => {
    const { results, stored, logs, finished } = resultsWith(() => {
      throw refusal("unavailable");
    });
    results.store(finished("m", { outcome: played, log: logOf(Uint8Array.of(1)) }));
    await results.flush(50);
    expect(results.pending).toBe(0);
    expect(stored).toEqual([]); // whoever holds its log keeps it
    const [line] = logs.withMessage(NOT_STORED);
    expect(line).toMatchObject({ matchId: "m", result: { matchId: "m", outcome: { case: "completed" } } });
    expect(line?.["inputLogBytes"]).toBeGreaterThan(0);
    expect(JSON.stringify(line)).not.toContain('"inputLog"');
  });

  it("waits for those before it: match-service is asked to store sixteen at once at most", async () => {
    const asked: (() => void)[] = [];
    const { results, stored, finished } = resultsWith(() => new Promise<void>((resolve) => void asked.push(resolve)));
    for (let i = 0; i < 20; i++) results.store(finished(`m${i}`));
    await until(() => (asked.length >= 16 ? undefined : `${asked.length} asked`));
    expect([asked.length, results.pending]).toEqual([16, 20]);
    asked[0]?.();
    await until(() => (asked.length === 17 ? undefined : `${asked.length} asked`));
    const answering = setInterval(() => asked.forEach((answer) => answer()), 1);
    await results.flush(5000);
    clearInterval(answering);
    expect(stored).toHaveLength(20);
  });
});
