import { describe, expect, it } from "vitest";
import { type Clock, Scheduler, type Ticking } from "./scheduler.ts";

/** A clock that stands still until it is moved. */
class ManualClock implements Clock {
  time = 0;
  #timers: { at: number; fn: () => void }[] = [];
  now(): number {
    return this.time;
  }
  after(ms: number, fn: () => void): { cancel(): void } {
    const timer = { at: this.time + ms, fn };
    this.#timers.push(timer);
    return { cancel: () => (this.#timers = this.#timers.filter((one) => one !== timer)) };
  }
  /** `blockMs`: the event loop is busy for that long before each timer runs. */
  advance(ms: number, blockMs = 0): void {
    const until = this.time + ms;
    for (;;) {
      const next = this.#timers.toSorted((a, b) => a.at - b.at)[0];
      if (!next || next.at > until) break;
      this.#timers = this.#timers.filter((one) => one !== next);
      this.time = Math.max(this.time, next.at) + blockMs;
      next.fn();
    }
    this.time = Math.max(this.time, until);
  }
}

function counter(clock: Clock, tickRate = 30): Ticking & { times: number[] } {
  const times: number[] = [];
  return { tickRate, times, tick: () => void times.push(clock.now()) };
}

describe("the scheduler", () => {
  const metrics = { lateMs: () => undefined, skipped: () => undefined };
  const noPrefetch = (): void => undefined;

  it("ticks exactly as often as the rate says over an hour: no drift, though every timer is late", () => {
    const clock = new ManualClock();
    const scheduler = new Scheduler<Ticking>(clock, metrics, noPrefetch);
    const one = counter(clock);
    scheduler.add(one);
    clock.advance(3_600_000, 0.7);
    expect(Math.abs(one.times.length - 3600 * 30)).toBeLessThanOrEqual(1);
  });

  it("spreads many matches over the tick, so that they do not all wait for each other", () => {
    const clock = new ManualClock();
    const scheduler = new Scheduler<Ticking>(clock, metrics, noPrefetch);
    const many = Array.from({ length: 600 }, () => counter(clock));
    for (const one of many) scheduler.add(one);
    clock.advance(1000);
    const together = Map.groupBy(many, (one) => (one.times[1] as number).toFixed(3));
    expect([...together.values()].map(({ length }) => length)).toEqual([150, 150, 150, 150]);
    for (const one of many) expect(Math.abs(one.times.length - 30)).toBeLessThanOrEqual(1);
  });

  it("puts what does not fit one phase half a tick behind it", () => {
    const clock = new ManualClock();
    const scheduler = new Scheduler<Ticking>(clock, metrics, noPrefetch);
    const some = Array.from({ length: 150 }, () => counter(clock));
    for (const one of some) scheduler.add(one);
    clock.advance(1000);
    const [first, second] = [some[0]?.times[1] as number, some[149]?.times[1] as number];
    expect(Math.abs(second - first)).toBeCloseTo(1000 / 60, 6);
    expect(some.filter(({ times }) => times[1] === first)).toHaveLength(100);
  });

  it("wakes up once a tick for few", () => {
    const clock = new ManualClock();
    let wakes = 0;
    const scheduler = new Scheduler<Ticking>(clock, { ...metrics, lateMs: () => wakes++ }, noPrefetch);
    const few = Array.from({ length: 50 }, () => counter(clock));
    for (const one of few) scheduler.add(one);
    clock.advance(1000);
    expect(Math.abs(wakes - 30)).toBeLessThanOrEqual(1);
    // Who comes later fills up what others have left.
    for (const one of few.slice(10)) scheduler.remove(one);
    for (let i = 0; i < 40; i++) scheduler.add(counter(clock));
    clock.advance(1000);
    expect(Math.abs(wakes - 60)).toBeLessThanOrEqual(1);
  });

  it("catches up a bounded number of ticks after a stall, and counts the rest", () => {
    const clock = new ManualClock();
    let skipped = 0;
    let latest = 0;
    const counted = { lateMs: (ms: number) => (latest = Math.max(latest, ms)), skipped: (n: number) => (skipped += n) };
    const scheduler = new Scheduler<Ticking>(clock, counted, noPrefetch);
    const one = counter(clock);
    scheduler.add(one);
    clock.advance(1000);
    const before = one.times.length;
    clock.time += 1000; // the process stood still
    clock.advance(0);
    expect(one.times.length - before).toBe(3);
    expect(skipped).toBeGreaterThanOrEqual(26);
    expect(latest).toBeGreaterThan(900);
    clock.advance(1000);
    expect(Math.abs(one.times.length - before - 33)).toBeLessThanOrEqual(1);
  });

  it("holds games of different rates, lets a match leave in its own tick, and sleeps when nobody is left", () => {
    const clock = new ManualClock();
    const scheduler = new Scheduler<Ticking>(clock, metrics, noPrefetch);
    const fast = counter(clock, 60);
    const leaving = {
      tickRate: 10,
      ticks: 0,
      tick: () => void (++leaving.ticks === 3 && scheduler.remove(leaving)),
    };
    scheduler.add(fast);
    scheduler.add(leaving);
    clock.advance(1000);
    expect(leaving.ticks).toBe(3);
    expect(Math.abs(fast.times.length - 60)).toBeLessThanOrEqual(1);
    scheduler.remove(fast);
    clock.advance(1000);
    expect(Math.abs(fast.times.length - 60)).toBeLessThanOrEqual(1);
  });

  it("prefetches for the matches of a slice before the first of them ticks", () => {
    const clock = new ManualClock();
    const order: string[] = [];
    const scheduler = new Scheduler<Ticking & { name: string }>(clock, metrics, (slice) => {
      order.push(`prefetch ${slice.map(({ name }) => name).join(" ")}`);
    });
    for (const name of ["a", "b"]) scheduler.add({ name, tickRate: 30, tick: () => void order.push(name) });
    clock.advance(34);
    expect(order).toEqual(["prefetch a b", "a", "b"]);
  });
});
