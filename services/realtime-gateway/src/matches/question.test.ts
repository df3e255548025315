// What a match asks the matchmaker, and when: the rules of takeover.ts with the timers of question.ts.
import type { RelocatedMatch } from "@muster/contracts/matchmaking/v2";
import { createLogger } from "@muster/log";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { listener, RecordingLink } from "../../test/registry-harness.ts";
import { ReleaseTimer } from "../spectators/release-timer.ts";
import { Match, type MatchParts } from "./match.ts";
import { RelocateBatch, type RelocateRequest } from "./question.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setImmediate", "performance"] }));
afterEach(() => void vi.useRealTimers());

const found = (matchId: string): RelocateRequest => ({ matchId, epoch: 3, ticks: 0, lost: false });
const lost = (matchId: string): RelocateRequest => ({ ...found(matchId), lost: true });

function asking() {
  const from = performance.now();
  /** Every message, with when it was sent. */
  const sent: { at: number; requests: readonly RelocateRequest[] }[] = [];
  const given: string[] = [];
  const batch = new RelocateBatch((requests) => void sent.push({ at: performance.now() - from, requests }));
  const log = createLogger("test", "silent");
  vi.spyOn(log, "error").mockImplementation((fields) => void given.push((fields as { matchId: string }).matchId));
  /** Where the matchmaker sends it. */
  let next = new RecordingLink("b:1");
  const parts: MatchParts = {
    linkTo: () => next.it,
    hearing: () => "heard",
    ask: (request) => batch.add(request),
    delay: { delayMs: 0, perMatchMax: 1, releases: new ReleaseTimer() },
    metrics: { sent() {}, skipped() {}, caughtUp() {}, moved() {}, lost() {} },
    log,
    onForgotten: () => undefined,
  };
  /** A match of epoch 3 that somebody wants to join on `link`. */
  const wanted = (matchId: string, link = new RecordingLink("a:1")) => {
    next = link;
    const match = new Match(matchId, parts);
    const { player, heard } = listener();
    const claim = { seatTicket: "", traceparent: "", lastMatchSeq: 0 };
    const seat = match.take(player, { epoch: 3, shardAddress: link.address }, claim);
    return {
      match,
      heard,
      link,
      find: () => seat.onRefused("match_not_found"),
      lose: () => match.onLinkClosed(link.it),
      leave: () => seat.leave(false),
      /** The matchmaker names a shard that is not there. */
      misdirect() {
        next = new RecordingLink("b:1");
        match.onRelocated({ matchId, epoch: 3, shardAddress: "b:1", over: "" } as RelocatedMatch);
        match.onLinkClosed(next.it);
      },
    };
  };
  const pass = (ms: number): void => {
    vi.advanceTimersByTime(ms);
    vi.advanceTimersByTime(1); // what the last timers put off to the end of their turn
  };
  return { wanted, sent, given, pass };
}

describe("the question where a match is", () => {
  it("is one message for all matches of one turn, with what is known of each", () => {
    const { wanted, sent, pass } = asking();
    wanted("m").lose();
    wanted("n").find();
    pass(1);
    wanted("o").lose();
    pass(1);
    expect(sent.map(({ requests }) => requests)).toEqual([[lost("m"), found("n")], [lost("o")]]);
  });

  it("is asked again every second, and given up once when nobody has said anything for twelve", () => {
    const { wanted, sent, given, pass } = asking();
    const { lose, heard } = wanted("m");
    lose();
    pass(12_000);
    expect(sent.map(({ at }) => Math.round(at / 1000))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(given).toEqual([]);
    pass(60_000);
    expect(sent).toHaveLength(13);
    expect(given).toEqual(["m"]);
    expect(heard).toEqual(["refused: shard_unavailable"]);
  });

  it("is not asked twice at once; but that the shard is lost is said at once, and does not begin the time anew", () => {
    const { wanted, sent, given, pass } = asking();
    const { match, link, find } = wanted("m");
    find();
    find();
    pass(6500);
    expect(sent).toHaveLength(7);
    match.onSuspected(link.it);
    find(); // says less
    pass(0);
    expect(sent.slice(7).map(({ requests }) => requests)).toEqual([[lost("m")]]);
    pass(6500);
    expect(given).toEqual(["m"]);
  });

  it("waits after an answer that did not help: 250 ms, twice as long each time, a second at most", () => {
    const { wanted, sent, pass } = asking();
    const { lose, misdirect } = wanted("m");
    lose();
    pass(0);
    const waits: number[] = [];
    for (let round = 0; round < 5; round++) {
      const answeredAt = sent.at(-1)?.at as number;
      const before = sent.length;
      misdirect();
      while (sent.length === before) pass(1);
      waits.push(Math.round(((sent.at(-1)?.at as number) - answeredAt) / 10) * 10);
    }
    expect(waits).toEqual([250, 500, 1000, 1000, 1000]);
  });

  it("is sent at once again when the answers before helped for a while", () => {
    const { wanted, sent, pass } = asking();
    const { match, find } = wanted("m");
    find();
    match.onRelocated({ matchId: "m", epoch: 3, shardAddress: "b:1", over: "" } as RelocatedMatch);
    pass(600);
    find();
    pass(0);
    expect(sent.at(-1)?.at).toBeCloseTo(600, -1);
  });

  it("is withdrawn when the shard is heard again that was suspected, and no other one's", () => {
    const { wanted, sent, given, pass } = asking();
    const [suspected, gone, elsewhere] = [wanted("suspected"), wanted("gone"), wanted("elsewhere")];
    suspected.match.onSuspected(suspected.link.it);
    gone.lose();
    elsewhere.match.onSuspected(elsewhere.link.it);
    for (const { match } of [suspected, gone, elsewhere]) match.onHeardAgain(suspected.link.it);
    pass(1);
    sent.length = 0;
    pass(20_000);
    expect(sent.flatMap(({ requests }) => requests).some(({ matchId }) => matchId === "suspected")).toBe(false);
    expect(given).toEqual(["gone", "elsewhere"]);
  });

  it("ends when the match is of no interest any more, and with the gateway", () => {
    const { wanted, sent, given, pass } = asking();
    const all = ["m", "n", "o"].map((matchId) => wanted(matchId));
    for (const { lose } of all) lose();
    pass(0);
    all[0]?.leave();
    pass(1000);
    expect(sent.slice(1).flatMap(({ requests }) => requests.map(({ matchId }) => matchId))).toEqual(["n", "o"]);
    for (const { match } of all) match.stop();
    pass(60_000);
    expect(sent).toHaveLength(2);
    expect(given).toEqual([]);
  });
});
