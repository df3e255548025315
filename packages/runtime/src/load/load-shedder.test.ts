import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CRITICALITIES, type Criticality, currentCriticality } from "../criticality.ts";
import { FairLimiter } from "../fair-limiter.ts";
import { type Admission, aside, LoadShedder, SHARES } from "./load-shedder.ts";
import { LoopGuard } from "./loop-guard.ts";

const [MIN, MAX] = [4, 40];
const CALM = { refuses: () => false };

function shedder(guard: { refuses: (of: Criticality) => boolean } = CALM, now = () => 0): LoadShedder {
  return new LoadShedder({ guard, min: MIN, max: MAX, now });
}

/** As many as are admitted. */
function fill(of: LoadShedder, criticality: Criticality): Admission[] {
  const calls: Admission[] = [];
  for (;;) {
    const call = of.admit("a", criticality);
    if (call.kind === "shed") return calls;
    calls.push(call);
  }
}

it("begins no call when its share of the limit is in flight, whatever happens", () => {
  const step = fc.oneof(
    {
      weight: 4, // more come than go
      arbitrary: fc.record({ do: fc.constant("admit" as const), criticality: fc.constantFrom(...CRITICALITIES) }),
    },
    fc.record({ do: fc.constant("end" as const), failed: fc.boolean() }),
    fc.record({ do: fc.constantFrom("leave" as const, "come back" as const, "close" as const) }),
    fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 400 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      let now = 0;
      const load = new LoadShedder({ guard: CALM, min: 2, max: 6, now: () => now }); // so few that it is often full
      const calls: Admission[] = [];
      const away = new Set<Admission>();
      for (const one of steps) {
        if (one.do === "wait") now += one.ms;
        else if (one.do === "admit") {
          const room = load.inFlight < Math.ceil(load.limit * SHARES[one.criticality]);
          const call = load.admit("a", one.criticality);
          expect(call.kind).toBe(room ? "admitted" : "shed");
          if (call.kind === "admitted") calls.push(call);
        } else if (one.do === "end" || one.do === "close") {
          const call = calls.shift();
          if (call) away.delete(call);
          if (one.do === "end") call?.end(one.failed);
          else call?.closed();
          call?.end(true); // a second time changes nothing
        } else {
          const call = calls.at(-1);
          if (call && one.do === "leave" && !away.has(call)) {
            call.leave();
            away.add(call);
          }
          if (call && one.do === "come back" && away.delete(call)) call.comeBack();
        }
        expect(load.inFlight).toBe(calls.length - away.size);
        expect(load.limit).toBeGreaterThanOrEqual(2);
        expect(load.limit).toBeLessThanOrEqual(6);
      }
    }),
  );
});

it("refuses the less critical first, and each has room once those before it are refused", () => {
  const load = shedder();
  const counts = CRITICALITIES.toReversed().map((criticality) => [criticality, fill(load, criticality).length]);
  expect(Object.fromEntries(counts)).toEqual({ sheddable: 20, "sheddable-plus": 8, critical: 8, "critical-plus": 4 });
});

it("says when to come back: later the less critical, and sheddable calls are not for a process to repeat", () => {
  const load = shedder({ refuses: () => true });
  const said = CRITICALITIES.map((criticality) => {
    const { error, pushbackMs } = load.admit("a", criticality) as Exclude<ReturnType<LoadShedder["admit"]>, Admission>;
    expect(error.code).toBe("overloaded");
    return { after: error.details?.["retryAfterS"], again: pushbackMs >= 0 };
  });
  expect(said).toEqual([
    { after: 1, again: true },
    { after: 1, again: true },
    { after: 3, again: false },
    { after: 10, again: false },
  ]);
});

it("what waits aside takes nobody's place", async () => {
  const load = shedder();
  const [first] = fill(load, "critical-plus") as [Admission];
  const { promise: waited, resolve } = Promise.withResolvers<void>();
  const waiting = first.run(() => aside(() => waited));
  expect(fill(load, "critical-plus")).toHaveLength(1);
  resolve();
  await waiting;
  expect(load.inFlight).toBe(MAX + 1); // it has been admitted before, and nobody else is until two have ended
  expect(fill(load, "critical-plus")).toHaveLength(0);
});

it("whoever waits in the queue of a fair limiter is aside, and whoever runs there is not", async () => {
  const load = shedder();
  const bulkhead = new FairLimiter({ runningMax: 1, waitingMax: 9, waitingPerSourceMax: 9 });
  const { promise: go, resolve } = Promise.withResolvers<void>();
  const calls = fill(load, "critical-plus").slice(0, 10);
  const served = calls.map((call) => call.run(() => bulkhead.run("a", () => go)));
  expect(load.inFlight).toBe(MAX - 9);
  resolve();
  await Promise.all(served);
  expect(load.inFlight).toBe(MAX);
});

it.each([
  ["lowers the limit when it is its service that is slow", false],
  ["is no latency of its service's when it waits aside", true],
])("a wait of a second %s", async (_, away) => {
  let now = 0;
  const load = shedder(CALM, () => now);
  const round = async (ms: number, work: (call: Admission, wait: () => Promise<void>) => Promise<void>) => {
    const calls = fill(load, "critical-plus");
    const { promise: waited, resolve } = Promise.withResolvers<void>();
    const ended = calls.map(async (call) => {
      await work(call, () => waited);
      call.end(false);
    });
    now += ms;
    resolve();
    await Promise.all(ended);
  };
  for (let i = 0; i < 30; i++) await round(100, (_call, wait) => wait());
  expect(load.limit).toBe(MAX);
  for (let i = 0; i < 10; i++) await round(1000, (call, wait) => call.run(() => (away ? aside(wait) : wait())));
  if (away) expect(load.limit).toBe(MAX);
  else expect(load.limit).toBeLessThan(0.7 * MAX);
});

it("serves a call with its criticality", () => {
  const [call] = fill(shedder(), "sheddable") as [Admission];
  expect(call.run(currentCriticality)).toBe("sheddable");
  expect(currentCriticality()).toBeUndefined();
});

describe("the event loop guard", () => {
  /** Looks while each turn takes so long. */
  function lateBy(ms: number, { turns = 20, utilization = 1 } = {}): LoopGuard {
    let now = 0;
    const guard = new LoopGuard(250, { now: () => now, utilization: () => utilization });
    guard.look();
    for (let i = 0; i < turns; i++) {
      now += 100 + ms;
      guard.look();
    }
    return guard;
  }

  it.each([
    [100, []],
    [300, ["sheddable"]],
    [600, ["sheddable-plus", "sheddable"]],
    [4000, ["critical", "sheddable-plus", "sheddable"]],
  ])("of a loop that is %i ms late refuses %j", (ms, refused) => {
    const guard = lateBy(ms);
    expect(CRITICALITIES.filter((criticality) => guard.refuses(criticality))).toEqual(refused);
  });

  it("counts no time in which the whole process was stopped", () => {
    expect(lateBy(4000, { utilization: 0.3 }).refuses("sheddable")).toBe(false);
  });

  it("refuses within a long turn what comes late in it, once turns have been long, and never what is critical for one alone", () => {
    let now = 0;
    const guard = new LoopGuard(250, { now: () => now, utilization: () => 1 });
    const refused = (): Criticality[] => CRITICALITIES.filter((of) => guard.refuses(of));
    guard.look();
    now += 100 + 400;
    expect(refused()).toEqual([]);
    now += 10_000;
    expect(refused()).toEqual(["sheddable"]);
    guard.look();
    now += 100;
    expect(refused()).toEqual(["critical", "sheddable-plus", "sheddable"]);
  });

  it("is over within a second of the end of the work", () => {
    let now = 0;
    const guard = new LoopGuard(250, { now: () => now, utilization: () => 1 });
    const look = (afterMs: number): void => {
      now += afterMs;
      guard.look();
    };
    look(0);
    for (let i = 0; i < 20; i++) look(2100);
    expect(guard.refuses("critical")).toBe(true);
    for (let i = 0; i < 10; i++) look(100);
    expect(guard.refuses("sheddable")).toBe(false);
  });

  it("sees a real loop that is blocked", async () => {
    const guard = new LoopGuard(50);
    await guard.start();
    for (let i = 0; i < 3; i++) {
      const until = performance.now() + 250;
      while (performance.now() < until);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(guard.refuses("sheddable")).toBe(true);
    await guard.stop();
  });
});
