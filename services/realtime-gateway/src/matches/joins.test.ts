// A request to join or watch a match is answered exactly once and in time, whatever happens meanwhile.
import { seededBelow } from "@muster/testkit/numbers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { MATCH, World } from "../../test/world.ts";
import type { FollowedMatch } from "./followed-match.ts";

/** The SDK waits for 10 s, and the answer has a way to go. */
const ANSWERED_WITHIN_MS = 8000;
/** A question that the matchmaker has not heard is asked again after a second. */
const MENDED_WITHIN_MS = 1500;

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setImmediate", "performance"] }));
afterEach(() => void vi.useRealTimers());

const join = (name: string): object => ({ case: "joinMatch", value: { seatTicket: name } });
const watch = { case: "watchMatch", value: { matchId: MATCH } };
const leave = { case: "leaveMatch", value: {} };

interface Cast {
  readonly world: World;
  readonly say: Record<"first" | "second" | "spectator", (message: object) => void>;
}

function ofMatch(world: World, then: (log: FollowedMatch) => void): void {
  const log = world.matches.get(MATCH)?.log;
  if (log) then(log);
}

const ended = { reason: "played", seats: [], ticks: 1, stateHash: "", matchSeq: 1 };
/** All that can happen. */
const EVENTS: Readonly<Record<string, (cast: Cast) => void>> = {
  "shard a answers": ({ world }) => ((world.moods["a:1"] = "answers"), world.links.get("a:1")?.answerAll()),
  "shard a does not answer": ({ world }) => void (world.moods["a:1"] = "waits"),
  "shard a refuses: not found": ({ world }) => (
    (world.moods["a:1"] = "not found"), world.links.get("a:1")?.answerAll()
  ),
  "shard a refuses: over": ({ world }) => ((world.moods["a:1"] = "is over"), world.links.get("a:1")?.answerAll()),
  "shard a refuses: a later code": ({ world }) => (
    (world.moods["a:1"] = "is full of surprises"), world.links.get("a:1")?.answerAll()
  ),
  "shard a refuses links": ({ world }) => ((world.moods["a:1"] = "is not there"), world.links.get("a:1")?.close()),
  "shard b refuses links": ({ world }) => ((world.moods["b:1"] = "is not there"), world.links.get("b:1")?.close()),
  "shard b does not answer": ({ world }) => void (world.moods["b:1"] = "waits"),
  "link a is cut": ({ world }) => world.links.get("a:1")?.close(),
  "link b is cut": ({ world }) => world.links.get("b:1")?.close(),
  "shard a is suspected": ({ world }) => world.linkTo("a:1").beSuspected(),
  "shard a is heard again": ({ world }) => world.links.get("a:1")?.speak(),
  "shard b is suspected": ({ world }) => world.links.get("b:1")?.beSuspected(),
  "matchmaker away": ({ world }) => void (world.location = undefined),
  "matchmaker: at a": ({ world }) => void (world.location = { shardAddress: "a:1" }),
  "matchmaker: moved to b": ({ world }) => void (world.location = { shardAddress: "b:1" }),
  "matchmaker: over": ({ world }) => void (world.location = { over: "match_over" }),
  "matchmaker: ended": ({ world }) => void (world.location = { over: "match_over", ended }),
  "matchmaker: lost": ({ world }) => void (world.location = { over: "shard_lost" }),
  "matchmaker: not found": ({ world }) => void (world.location = { over: "match_not_found" }),
  "the match ends": ({ world }) => ofMatch(world, (match) => world.matches.onEnded(match, ended as never)),
  "the match is cancelled": ({ world }) =>
    ofMatch(world, (match) => world.matches.onCancelled(match, { reason: "no_show", matchSeq: 1 } as never)),
  "its result is stored": ({ world }) => ofMatch(world, (match) => world.matches.onStored(match)),
  "the match is to move": ({ world }) => ofMatch(world, (match) => world.matches.onMoving(match)),
  "the second player joins": ({ say }) => say.second(join("second")),
  "somebody watches": ({ say }) => say.spectator(watch),
  "the first player leaves": ({ say }) => say.first(leave),
  "the second player leaves": ({ say }) => say.second(leave),
  nothing: () => undefined,
};
const NAMES = Object.keys(EVENTS);

interface Schedule {
  readonly names: readonly string[];
  readonly apartMs: number;
  /** How many of them happen before the first player joins. */
  readonly before: number;
}

async function happened({ names, apartMs, before }: Schedule): Promise<World> {
  const world = new World();
  const say = {
    first: await world.player("first"),
    second: await world.player("second"),
    spectator: await world.player("spectator"),
  };
  for (const [i, name] of names.entries()) {
    if (i === before) say.first(join("first"));
    (EVENTS[name] as (cast: Cast) => void)({ world, say });
    await world.pass(apartMs);
  }
  return world;
}

function faultsOf(world: World, { names, apartMs }: Schedule, withinMs = ANSWERED_WITHIN_MS): string[] {
  vi.clearAllTimers();
  return world.faults(withinMs).map((fault) => `${names.join(", ")} (${apartMs} ms apart): ${fault}`);
}

/** They happen, and nothing gets better. @returns what is wrong */
async function played(schedule: Schedule): Promise<string[]> {
  const world = await happened(schedule);
  await world.pass(ANSWERED_WITHIN_MS + 1000);
  return faultsOf(world, schedule);
}

/** They happen, and then everything works. @returns what is wrong */
async function mended(schedule: Schedule): Promise<string[]> {
  const world = await happened(schedule);
  world.mend();
  await world.pass(MENDED_WITHIN_MS);
  return faultsOf(world, schedule, schedule.apartMs * schedule.names.length + MENDED_WITHIN_MS);
}

function randomSchedule(seed: number, apart: readonly number[]): Schedule {
  const random = seededBelow(seed);
  const names = Array.from({ length: 8 }, () => NAMES[random(NAMES.length)] as string);
  return { names, apartMs: apart[random(apart.length)] as number, before: random(3) };
}

const PAIRS: readonly Schedule[] = NAMES.flatMap((one) =>
  NAMES.flatMap((other) => [0, 1].map((before) => ({ names: [one, other], apartMs: 400, before }))),
);

describe("a request to join a match, or to watch it, is answered once", () => {
  it("in time, whatever two things happen", { timeout: 60_000 }, async () => {
    const faults: string[] = [];
    for (const schedule of PAIRS) faults.push(...(await played(schedule)));
    expect(faults.slice(0, 20)).toEqual([]);
  });

  it("in time, whatever eight things happen", { timeout: 60_000 }, async () => {
    const faults: string[] = [];
    for (let seed = 1; seed <= 800; seed++) faults.push(...(await played(randomSchedule(seed, [5, 90, 400, 1100]))));
    expect(faults.slice(0, 20)).toEqual([]);
  });

  it("as soon as everything works again, whatever has happened", { timeout: 60_000 }, async () => {
    const faults: string[] = [];
    for (const schedule of PAIRS) faults.push(...(await mended(schedule)));
    for (let seed = 1; seed <= 1500; seed++) faults.push(...(await mended(randomSchedule(seed, [5, 90, 400]))));
    expect(faults.slice(0, 20)).toEqual([]);
  });
});

describe("a seat whose shard cannot be reached", () => {
  it("is asked about once a second after the first two, not as fast as the matchmaker can say that it is there", async () => {
    const world = new World();
    world.moods["a:1"] = "is not there";
    (await world.player("first"))(join("first"));
    await world.pass(5000);
    expect(world.asked).toBeGreaterThanOrEqual(6);
    expect(world.asked).toBeLessThanOrEqual(9);
  });

  it("is taken at another one about a second after there is one, also when its shard was suspected before it was asked for", async () => {
    const world = new World();
    world.linkTo("a:1").beSuspected();
    (await world.player("first"))(join("first"));
    await world.pass(2000);
    world.location = { shardAddress: "b:1" };
    await world.pass(1100);
    expect([...world.answers.values()]).toMatchObject([[{ code: "matchJoined" }]]);
  });

  it("is not told to be lost by a gateway that hears no shard at all: that one is cut off, and others play on there", async () => {
    const world = new World();
    for (const address of ["a:1", "b:1"] as const) world.linkTo(address).beSuspected();
    (await world.player("first"))(join("first"));
    await world.pass(5000);
    expect(world.asked).toBeGreaterThan(2);
    expect(world.askedAsLost).toBe(0);
  });

  it("is not told to be lost for who only wants to watch, nor asked about for it again and again", async () => {
    const world = new World();
    world.linkTo("b:1");
    world.linkTo("a:1").beSuspected();
    (await world.player("first"))(watch);
    await world.pass(5000);
    expect(world.askedAsLost).toBe(0);
    expect(world.asked).toBeLessThanOrEqual(2);
  });
});
