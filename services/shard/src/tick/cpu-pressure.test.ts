import { expect, it } from "vitest";
import { CpuPressure } from "./cpu-pressure.ts";

function pressure(): { seconds(count: number, busyShare: number, lateMs?: number): void; changes: boolean[] } {
  const changes: boolean[] = [];
  const of = new CpuPressure({
    busyShareMax: 0.95,
    lateShareMax: 0.25,
    onChange: (overloaded) => changes.push(overloaded),
  });
  return {
    changes,
    seconds(count, busyShare, lateMs = 1) {
      for (let s = 0; s < count; s++) {
        for (let i = 0; i < 120; i++) of.began(i % 3 === 0 ? lateMs : 1);
        of.window(busyShare);
      }
    },
  };
}

it("a busy event loop is overload after three seconds, and until five calm ones have passed", () => {
  const { seconds, changes } = pressure();
  seconds(2, 0.99);
  seconds(1, 0.5);
  seconds(2, 0.99);
  expect(changes, "no pause of two seconds").toEqual([]);
  seconds(1, 0.99);
  expect(changes).toEqual([true]);
  seconds(20, 0.9);
  seconds(4, 0.5);
  seconds(1, 0.9);
  seconds(4, 0.5);
  expect(changes, "a little below the limit is not calm").toEqual([true]);
  seconds(1, 0.5);
  expect(changes).toEqual([true, false]);
});

it("ticks that begin late are overload however idle the event loop is: others take the processor", () => {
  const { seconds, changes } = pressure();
  seconds(3, 0.1, 20);
  expect(changes).toEqual([true]);
  seconds(5, 0.1);
  expect(changes).toEqual([true, false]);
});

it("a few late beginnings of a shard with hardly any matches say nothing", () => {
  const changes: boolean[] = [];
  const of = new CpuPressure({ busyShareMax: 0.95, lateShareMax: 0.25, onChange: (now) => changes.push(now) });
  for (let s = 0; s < 10; s++) {
    for (let i = 0; i < 10; i++) of.began(100);
    of.window(0.1);
  }
  expect(changes).toEqual([]);
});
