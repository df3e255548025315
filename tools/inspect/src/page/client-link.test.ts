import { expect, it } from "vitest";
import { ClientLink } from "./client-link.ts";

it("delivers ticks and inputs as late as the link is, in order, and everything at once where it was gone back", () => {
  const link = new ClientLink(0, 20);
  link.quality = { latencyMs: 100, lossPercent: 0 };
  const has = [1, 2, 3, 4].map((tick) => (link.stepped(tick), link.tick));
  expect(has).toEqual([0, 0, 1, 2]);
  link.send({ right: 1 }, 4);
  link.send({ right: 0 }, 5);
  expect([4, 5, 6, 7].map((tick) => link.take(tick, true))).toEqual([undefined, undefined, { right: 1 }, { right: 0 }]);
  link.send({ right: 1 }, 7);
  link.reset(2);
  expect([link.tick, link.take(20, true)]).toEqual([2, undefined]);
});

it("makes what is behind a lost message wait with it", () => {
  const link = new ClientLink(0, 20);
  link.quality = { latencyMs: 0, lossPercent: 100 };
  link.stepped(1);
  link.quality = { latencyMs: 0, lossPercent: 0 };
  const has = [2, 3, 4, 5, 6].map((tick) => (link.stepped(tick), link.tick));
  expect(has).toEqual([0, 0, 0, 5, 6]);
});

it("gives a step the newest of held inputs, and of moves one", () => {
  const link = new ClientLink(0, 0);
  for (const column of [1, 2]) link.send({ column }, 0);
  expect([link.take(0, false), link.take(1, false), link.take(2, false)]).toEqual([
    { column: 1 },
    { column: 2 },
    undefined,
  ]);
  for (const right of [1, 0]) link.send({ right }, 2);
  expect(link.take(2, true)).toEqual({ right: 0 });
});
