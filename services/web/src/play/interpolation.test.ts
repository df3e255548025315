// What is drawn is two ticks behind the newest state that came in time, and never jumps because a frame is a little late.
import { uint } from "@muster/game-kit";
import { expect, it } from "vitest";
import { Interpolation } from "./interpolation.ts";

const FIELDS = { x: uint(16) };
const TICK_MS = 1000 / 20;

function shown() {
  const drawn = new Interpolation<typeof FIELDS>(20);
  return {
    drawn,
    /** The tick's state is ten times its number. */
    add: (tick: number, at: number): void => drawn.add(tick, { x: tick * 10 }, at),
    /** Where that is between the states that it is drawn between. */
    at(now: number): number | undefined {
      const moment = drawn.at(now);
      return moment && moment.from.x + (moment.to.x - moment.from.x) * moment.share;
    },
  };
}

it("shows nothing before the first state, and that one until the second", () => {
  const { drawn, add, at } = shown();
  expect(at(0)).toBeUndefined();
  add(5, 1000);
  expect([at(1000), at(1049)]).toEqual([50, 50]);
  expect(drawn.at(5000)).toMatchObject({ share: 1, tick: 5 });
});

it("moves evenly from state to state, two ticks in the past, and stays at the last one", () => {
  const { drawn, add, at } = shown();
  for (let tick = 0; tick <= 4; tick++) add(tick, 1000 + tick * TICK_MS);
  expect(at(1000 + 4 * TICK_MS)).toBeCloseTo(20);
  expect(drawn.at(1000 + 4 * TICK_MS)?.tick).toBe(2);
  expect(at(1000 + 4.5 * TICK_MS)).toBeCloseTo(25);
  expect(drawn.at(1000 + 4.5 * TICK_MS)).toMatchObject({ tick: 2 });
  expect(at(1000 + 6 * TICK_MS)).toBeCloseTo(40);
  expect(at(9000)).toBe(40);
});

it("draws between the states that came where one did not", () => {
  const { add, at } = shown();
  for (const tick of [0, 1, 3, 4]) add(tick, 1000 + tick * TICK_MS);
  expect(at(1000 + 4 * TICK_MS)).toBeCloseTo(20);
});

it("follows a link that has become slower by a little each time, and one that was faster at once", () => {
  const { add, at } = shown();
  add(0, 1000);
  add(1, 1000 + TICK_MS + 40); // late
  expect(at(1000 + 3 * TICK_MS)).toBeCloseTo(10 - (10 * 2) / TICK_MS, 5); // a twentieth of the 40 ms
  add(2, 1000 + 2 * TICK_MS - 10);
  expect(at(1000 + 3 * TICK_MS - 10)).toBeCloseTo(10);
});

it("begins anew after a pause, and with a state that is no later than the newest one", () => {
  const { drawn, add, at } = shown();
  for (let tick = 0; tick <= 3; tick++) add(tick, 1000 + tick * TICK_MS);
  add(4, 1000 + 4 * TICK_MS + 501); // the clock is not followed for seconds
  expect(at(1000 + 4 * TICK_MS + 501)).toBeCloseTo(20);
  for (const again of [1, 2]) {
    add(2, 2500 + again); // another shard goes on from an earlier tick, or tells the same one again
    expect([at(2500), drawn.at(9000)?.tick, drawn.at(2500)?.from === drawn.at(2500)?.to]).toEqual([20, 2, true]);
  }
});

it("keeps no more states than can be drawn", () => {
  const { at, add } = shown();
  for (let tick = 0; tick < 100; tick++) add(tick, 1000 + tick * TICK_MS);
  expect(at(0)).toBe((100 - 32) * 10);
});
