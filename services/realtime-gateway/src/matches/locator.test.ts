import { createLogger } from "@muster/log";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ShardLink } from "../shards/shard-link.ts";
import { type RelocateRequest, MatchLocator } from "./locator.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setImmediate", "performance"] }));
afterEach(() => void vi.useRealTimers());

const link = {} as ShardLink;
const found = (matchId: string): RelocateRequest => ({ matchId, epoch: 3, ticks: 7, lost: false });
const lost = (matchId: string): RelocateRequest => ({ ...found(matchId), lost: true });

function asking(): {
  locator: MatchLocator;
  /** Every message, with when it was sent. */
  sent: { readonly at: number; readonly requests: readonly RelocateRequest[] }[];
  given: [string, boolean][];
  pass(ms: number): void;
} {
  const from = performance.now();
  const sent: { at: number; requests: readonly RelocateRequest[] }[] = [];
  const given: [string, boolean][] = [];
  const locator = new MatchLocator({
    ask: (requests) => void sent.push({ at: performance.now() - from, requests }),
    giveUp: (matchId, wasLost) => void given.push([matchId, wasLost]),
    log: createLogger("test", "silent"),
  });
  const pass = (ms: number): void => {
    vi.advanceTimersByTime(ms);
    vi.advanceTimersByTime(1); // what the last timers put off to the end of their turn
  };
  return { locator, sent, given, pass };
}

describe("the question where a match is", () => {
  it("is one message for all matches of one turn, with what is known of each", () => {
    const { locator, sent, pass } = asking();
    locator.ask(lost("m"));
    locator.ask(found("n"));
    pass(1);
    locator.ask(lost("o"));
    pass(1);
    expect(sent.map(({ requests }) => requests)).toEqual([[lost("m"), found("n")], [lost("o")]]);
  });

  it("is asked again every second, and given up once when nobody has said anything for twelve", () => {
    const { locator, sent, given, pass } = asking();
    locator.ask(lost("m"));
    pass(12_000);
    expect(sent.map(({ at }) => Math.round(at / 1000))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(given).toEqual([]);
    pass(60_000);
    expect(sent).toHaveLength(13);
    expect(given).toEqual([["m", true]]);
    expect(locator.asks("m")).toBe(false);
  });

  it("is not asked twice at once; but that the shard is lost is said at once, and does not begin the time anew", () => {
    const { locator, sent, given, pass } = asking();
    locator.ask(found("m"));
    locator.ask(found("m"));
    pass(6500);
    expect(sent).toHaveLength(7);
    expect(locator.seeks("m")).toBe(false);
    locator.ask(lost("m"));
    locator.ask(found("m")); // says less
    expect(locator.seeks("m")).toBe(true);
    pass(0);
    expect(sent.slice(7).map(({ requests }) => requests)).toEqual([[lost("m")]]);
    pass(6500);
    expect(given).toEqual([["m", true]]);
  });

  it("rests after an answer that did not help: 250 ms, twice as long each time, a second at most", () => {
    const { locator, sent, pass } = asking();
    locator.ask(lost("m"));
    pass(0);
    const rests: number[] = [];
    for (let round = 0; round < 5; round++) {
      const answeredAt = sent.at(-1)?.at as number;
      const before = sent.length;
      locator.answered("m");
      locator.ask(lost("m")); // the shard that was named is not there
      while (sent.length === before) pass(1);
      rests.push(Math.round(((sent.at(-1)?.at as number) - answeredAt) / 10) * 10);
    }
    expect(rests).toEqual([250, 500, 1000, 1000, 1000]);
  });

  it("is sent at once again when the answers before helped for a while", () => {
    const { locator, sent, pass } = asking();
    locator.ask(lost("m"));
    locator.answered("m");
    pass(600);
    locator.ask(lost("m"));
    pass(0);
    expect(sent.at(-1)?.at).toBeCloseTo(600, -1);
  });

  it("is taken back when the shard is heard again that was suspected, and no other one's", () => {
    const { locator, sent, given, pass } = asking();
    locator.ask(lost("suspected"), link);
    locator.ask(lost("gone"));
    locator.ask(lost("elsewhere"), {} as ShardLink);
    expect(locator.onHeardAgain(link)).toEqual(["suspected"]);
    expect(["suspected", "gone", "elsewhere"].map((matchId) => locator.asks(matchId))).toEqual([false, true, true]);
    pass(1);
    sent.length = 0;
    pass(20_000);
    expect(sent.flatMap(({ requests }) => requests).some(({ matchId }) => matchId === "suspected")).toBe(false);
    expect(given.map(([matchId]) => matchId)).toEqual(["gone", "elsewhere"]);
  });

  it("ends when the match is of no interest any more, and all end with the gateway", () => {
    const { locator, sent, given, pass } = asking();
    for (const matchId of ["m", "n", "o"]) locator.ask(lost(matchId));
    pass(0);
    locator.withdraw("m");
    pass(1000);
    expect(sent.slice(1).flatMap(({ requests }) => requests.map(({ matchId }) => matchId))).toEqual(["n", "o"]);
    locator.stop();
    pass(60_000);
    expect(sent).toHaveLength(2);
    expect(given).toEqual([]);
  });
});
