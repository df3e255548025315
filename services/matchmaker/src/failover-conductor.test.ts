import { create } from "@bufbuild/protobuf";
import { CancelReason, EndReason, type Match, MatchSchema, MatchState } from "@muster/contracts/match/v2";
import type { RelocateMatch } from "@muster/contracts/matchmaking/v2";
import { createLogger } from "@muster/log";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FailoverConductor } from "./failover-conductor.ts";
import { evacuateDraining } from "./placement/evacuation.ts";
import { PeerSessions, type ToGateway, type ToShard } from "./placement/peer-sessions.ts";
import { type LiveShard, Shards } from "./placement/shards.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] }));
afterEach(() => void vi.useRealTimers());

/** What a shard says when it is offered a match. */
type Mood = "accepts" | "refuses" | "is silent";
const ALLOCATE_TIMEOUT_MS = 1000;
/** Above the time in which questions are gathered, below that of another try. */
const ROUND_MS = 20;

/** The matchmaker's part between shards, a gateway and match-service that do what the test says. */
class World {
  readonly shards = new Shards();
  readonly sessions = new PeerSessions();
  readonly failover: FailoverConductor;
  /** What match-service has. */
  readonly matches = new Map<string, Match>();
  readonly moods: Record<string, Mood> = {};
  /** What the gateway is told, in words. */
  readonly told: string[] = [];
  /** What shards are sent, in words. */
  readonly sent: string[] = [];
  readonly outcomes: string[] = [];
  readonly over: string[] = [];
  /** Matches that match-service looks up at once. */
  pageMax = 2;
  /** How often match-service was asked. */
  looks = 0;
  /** Calls that match-service does not answer now. */
  readonly away = new Set<string>();
  /** Why match-service does not advance an epoch. */
  refused = "";

  constructor() {
    const call = async <T>(name: string, answer: () => T): Promise<T> => {
      if (this.away.has(name)) throw new Error("match-service is away");
      return answer();
    };
    this.failover = new FailoverConductor({
      shards: this.shards,
      sessions: this.sessions,
      matches: {
        getMatches: ({ matchIds }: { matchIds: string[] }) => {
          this.looks++;
          return call("getMatches", () => this.#page(matchIds));
        },
        advanceEpochs: ({ matches }: { matches: { matchId: string; expectedEpoch: number; shardId: string }[] }) =>
          call("advanceEpochs", () => ({ advances: matches.map((one) => this.#advance(one)) })),
        recordResult: ({ matchId }: { matchId: string }) =>
          call(
            "recordResult",
            () => void Object.assign(this.matches.get(matchId) as Match, { state: MatchState.CANCELLED }),
          ),
      } as never,
      allocateTimeoutMs: ALLOCATE_TIMEOUT_MS,
      metrics: { failovers: { inc: ({ outcome }) => void this.outcomes.push(outcome) } },
      neverBegun: () => false,
      over: (matchId) => void this.over.push(matchId),
      now: Date.now,
      log: createLogger("test", "silent"),
    });
    const gateway = this.sessions.openGateway("g", false);
    gateway.out.push = (message) => this.#onTold(message);
  }

  shard(shardId: string, mood: Mood = "accepts", more: Partial<LiveShard> = {}): LiveShard {
    const info = { shardId, address: `${shardId}:1`, capacity: 10, region: "", renewsLeases: true, tellsBegun: true };
    const shard = this.shards.add({ ...info, builds: new Map([["duel", "1"]]), descriptions: new Map() }, Date.now());
    Object.assign(shard, more);
    this.moods[shardId] = mood;
    const session = this.sessions.openShard(shard);
    session.out.push = (message) => this.#onSent(shardId, message);
    return shard;
  }

  /** Its process is gone, and its stream. */
  kill(shardId: string): void {
    this.shards.remove(this.shards.get(shardId) as LiveShard);
    const session = this.sessions.shards.get(shardId);
    if (session) this.sessions.closeShard(session);
  }

  running(matchId: string, shardId = "a", more: Partial<Match> = {}): void {
    const state = MatchState.RUNNING;
    const match = { matchId, shardId, epoch: 1, state, mode: "duel", gameId: "duel", buildId: "1", options: {} };
    this.matches.set(matchId, Object.assign(create(MatchSchema, match), more));
  }

  async ask(...questions: Partial<RelocateMatch>[]): Promise<void> {
    const question = { matchId: "m", epoch: 1, ticks: 5, lost: true };
    this.failover.ask(questions.map((one) => ({ ...question, ...one })) as RelocateMatch[]);
    await this.pass(ROUND_MS);
  }

  async pass(ms: number): Promise<void> {
    await vi.advanceTimersByTimeAsync(ms);
  }

  #page(matchIds: string[]): { matches: Match[]; lookedUp: number } {
    const ids = matchIds.slice(0, this.pageMax);
    return { matches: structuredClone(ids.flatMap((id) => this.matches.get(id) ?? [])), lookedUp: ids.length };
  }

  #advance({ matchId, shardId }: { matchId: string; shardId: string }): { epoch: number; refused: string } {
    const match = this.matches.get(matchId) as Match;
    if (this.refused !== "") return { epoch: match.epoch, refused: this.refused };
    Object.assign(match, { epoch: match.epoch + 1, shardId });
    return { epoch: match.epoch, refused: "" };
  }

  #onTold({ message }: ToGateway): boolean {
    if (message?.case !== "relocated") return true;
    for (const { matchId, epoch, shardAddress, over, ended } of message.value.matches ?? [])
      this.told.push(`${matchId} ${epoch}: ${shardAddress || over}${ended ? ` ${ended.reason}` : ""}`);
    return true;
  }

  #onSent(shardId: string, { message }: ToShard): boolean {
    const matchId = message?.case === "allocate" || message?.case === "release" ? (message.value.matchId ?? "") : "all";
    this.sent.push(`${shardId}: ${message?.case} ${matchId}`);
    const mood = this.moods[shardId];
    if (message?.case !== "allocate" || mood === "is silent") return true;
    const answer = { accepted: mood === "accepts", reason: "" };
    queueMicrotask(() => this.sessions.shards.get(shardId)?.awaiting.get(matchId)?.(answer));
    return true;
  }
}

describe("where a match is", () => {
  it("is answered from match-service: at its shard, nowhere, or how it ended; as many as there are, in pages", async () => {
    const world = new World();
    world.shard("a");
    world.running("m");
    world.running("played", "a", { state: MatchState.ENDED, endReason: EndReason.PLAYED });
    world.running("forfeit", "a", { state: MatchState.ENDED, endReason: EndReason.FORFEIT });
    world.running("lost", "a", { state: MatchState.CANCELLED, cancelReason: CancelReason.SHARD_LOST });
    world.running("no-show", "a", { state: MatchState.CANCELLED, cancelReason: CancelReason.NO_SHOW });
    const ids = ["m", "played", "forfeit", "lost", "no-show", "unknown"];
    await world.ask(...ids.map((matchId) => ({ matchId, lost: false })));
    expect(world.told).toEqual([
      "m 1: a:1",
      "played 1: match_over played",
      "forfeit 1: match_over forfeit",
      "lost 1: shard_lost",
      "no-show 1: match_over",
      "unknown 1: match_not_found",
    ]);
    expect(world.over).toEqual(["played", "forfeit", "lost", "no-show", "unknown"]);
    expect(world.sent).toEqual([]);
  });

  it("is where it went since, for a gateway that has not heard of that and calls it lost", async () => {
    const world = new World();
    world.shard("b");
    world.running("m", "b", { epoch: 2 });
    await world.ask({ epoch: 1, lost: true });
    expect([world.told, world.sent]).toEqual([["m 2: b:1"], []]);
  });

  it("is nowhere when match-service looks no further: it is not asked for ever", async () => {
    const world = new World();
    world.shard("a");
    world.running("m");
    world.pageMax = 0;
    await world.ask({ lost: false });
    expect(world.told).toEqual(["m 1: match_not_found"]);
  });

  it("counts, of several gateways' questions, as lost if the one of the latest epoch says so, in whichever order they come", async () => {
    for (const [first, second, told] of [
      [{ epoch: 2, lost: true }, { epoch: 1, lost: false }, "m 3: b:1"],
      [{ epoch: 1, lost: true }, { epoch: 2, lost: false }, "m 2: a:1"],
      [{ epoch: 2, lost: false }, { epoch: 2, lost: true }, "m 3: b:1"],
    ] as const) {
      const world = new World();
      for (const shardId of ["a", "b"]) world.shard(shardId);
      world.running("m", "a", { epoch: 2 });
      await world.ask(first, second);
      expect(world.told).toEqual([told]);
    }
  });

  it("is asked of match-service again until that answers", async () => {
    const world = new World();
    world.shard("a");
    world.running("m");
    world.away.add("getMatches");
    await world.ask({ lost: false });
    await world.pass(1000);
    expect(world.told).toEqual([]);
    world.away.clear();
    await world.pass(300);
    expect(world.told).toEqual(["m 1: a:1"]);
  });
});

describe("a match whose shard is lost", () => {
  it("goes to another one, once for all gateways that ask; its shard lets go should it wake up", async () => {
    const world = new World();
    world.shard("a");
    world.shard("b");
    world.running("m");
    await world.ask({ ticks: 5 }, { ticks: 7 }, { lost: false }, { epoch: 0 });
    expect(world.sent).toEqual(["b: allocate m", "a: release m"]);
    expect([world.told, world.outcomes]).toEqual([["m 2: b:1"], ["moved"]]);
    await world.pass(20_000);
    expect(world.told).toHaveLength(1);
  });

  it("is offered to the next one when one refuses, or says nothing in time: those are to forget it", async () => {
    const world = new World();
    world.shard("b", "refuses");
    world.shard("c", "is silent", { matches: 1 });
    world.shard("d", "accepts", { matches: 2 });
    world.running("m");
    await world.ask({});
    await world.pass(ALLOCATE_TIMEOUT_MS);
    expect(world.sent).toEqual(["b: allocate m", "b: release m", "c: allocate m", "c: release m", "d: allocate m"]);
    expect(world.told).toEqual(["m 2: d:1"]);
  });

  it("goes only to a shard with the very build that it was played with", async () => {
    const world = new World();
    world.shard("b", "accepts", { builds: new Map([["duel", "2"]]) });
    world.running("m");
    await world.ask({});
    expect(world.sent).toEqual([]);
  });

  it("waits for a shard with room for ten seconds, looks at once when a shard has come, and is cancelled as lost then", async () => {
    for (const comes of [true, false]) {
      const world = new World();
      world.running("m");
      await world.ask({});
      await world.pass(9000);
      expect(world.told).toEqual([]);
      if (comes) {
        world.shard("b");
        world.failover.wake();
        await world.pass(1);
        expect(world.told).toEqual(["m 2: b:1"]);
      } else {
        await world.pass(1500);
        expect(world.told).toEqual(["m 1: shard_lost"]);
        expect([world.outcomes, world.over]).toEqual([["shard_lost"], ["m"]]);
        expect(world.matches.get("m")?.state).toBe(MatchState.CANCELLED);
      }
    }
  });

  it("stays where it is when nobody else can take it and its shard has not left the matchmaker: the link alone broke", async () => {
    const world = new World();
    world.shard("a");
    world.running("m");
    await world.ask({});
    expect([world.told, world.outcomes]).toEqual([["m 1: a:1"], []]);
  });

  it("does not stay at one that is stopping", async () => {
    const world = new World();
    world.shard("a", "accepts", { draining: true });
    world.running("m");
    await world.ask({});
    expect(world.told).toEqual([]);
    world.shard("b");
    await world.pass(300);
    expect(world.told).toEqual(["m 2: b:1"]);
  });

  it("and that ended or moved meanwhile is looked at again: the shard that took it is to forget it", async () => {
    const world = new World();
    world.shard("b");
    world.running("m");
    world.refused = "stale_epoch";
    await world.ask({});
    expect(world.sent).toEqual(["b: allocate m", "b: release m"]);
    world.running("m", "b", { epoch: 4 });
    await world.pass(300);
    expect(world.told).toEqual(["m 4: b:1"]);
  });

  it("and has moved three times without one tick is ended: it kills its shards", async () => {
    const world = new World();
    const moved = async (ticks: number): Promise<void> => {
      const { epoch, shardId } = world.matches.get("m") as Match;
      world.kill(shardId);
      world.shard(`next${epoch}`);
      await world.ask({ epoch, ticks });
    };
    world.shard("a");
    world.running("m");
    for (const ticks of [5, 5, 6, 6, 6]) await moved(ticks); // a tick between them: it is counted anew
    expect(world.outcomes).toEqual(["moved", "moved", "moved", "moved", "moved"]);
    await moved(6);
    expect(world.outcomes.at(-1)).toBe("fault");
    expect(world.told.at(-1)).toBe("m 6: fault");
  });

  it("and cannot be cancelled, because match-service is away, is looked at again; others of the round are not delayed", async () => {
    const world = new World();
    world.running("m");
    world.away.add("recordResult");
    await world.ask({});
    await world.pass(10_000);
    world.shard("b", "refuses");
    world.running("n", "b");
    await world.ask({ matchId: "n", lost: false });
    expect(world.told).toEqual(["n 1: b:1"]);
    world.away.clear();
    await world.pass(300);
    expect(world.told.slice(1)).toEqual(["m 1: shard_lost"]);
  });

  it("goes on at once though another one waits for a shard with room", async () => {
    const world = new World();
    world.running("m", "a", { gameId: "chess" });
    await world.ask({});
    world.shard("b");
    world.running("n");
    await world.ask({ matchId: "n" });
    expect(world.told).toEqual(["n 2: b:1"]);
  });

  it("and waits for a shard with room is looked at four times a second, however often the gateways ask", async () => {
    const world = new World();
    world.running("m");
    await world.ask({});
    const before = world.looks;
    for (let i = 0; i < 100; i++) await world.ask({}); // two seconds
    expect(world.looks - before).toBeGreaterThanOrEqual(7);
    expect(world.looks - before).toBeLessThanOrEqual(8);
  });

  it("is asked about no more by a matchmaker that stops", async () => {
    const world = new World();
    world.running("m");
    await world.ask({});
    await world.failover.stop();
    world.shard("b");
    world.failover.wake();
    await world.ask({});
    await world.pass(20_000);
    expect([world.told, world.sent]).toEqual([[], []]);
  });
});

describe("a shard that stops", () => {
  it.each([
    ["another one has room and the same builds", {}, true],
    ["the other one is full", { matches: 8 }, false],
    ["the other one has another build", { builds: new Map([["duel", "2"]]) }, false],
    ["the other one stops as well", { draining: true }, false],
  ] as const)("lets its matches go if %s: %o", (_, more, lets) => {
    const world = new World();
    world.shard("a", "accepts", { draining: true, matches: 5, evacuating: false });
    world.shard("b", "accepts", more);
    for (let i = 0; i < 2; i++) evacuateDraining(world.shards, world.sessions);
    expect(world.sent.filter((message) => message.startsWith("a:"))).toEqual(lets ? ["a: evacuate all"] : []);
  });
});
