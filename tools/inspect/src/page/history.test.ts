import { expect, it } from "vitest";
import { History } from "./history.ts";
import type { TickRecord } from "./messages.ts";

function tick(number: number, words: readonly number[], clients: number): TickRecord {
  return {
    tick: number,
    problems: [],
    changes: [],
    bits: [],
    words,
    seen: Array.from({ length: clients }, () => ({ words })),
    moment: { tick: number, memory: { length: words.length }, acks: [] },
  } as unknown as TickRecord;
}

it.each([
  ["ticks of a usual game are kept for minutes", 100, 2, 18_000],
  ["of a game with a large state only as many as fit into memory", 10_000, 4, 1000],
  ["and the newest one always", 20_000_000, 4, 1],
])("%s", (_what, words, clients, kept) => {
  const state = { length: words } as number[];
  const history = new History(tick(0, state, clients));
  for (let i = 1; i <= 20_000; i++) history.push(tick(i, state, clients));
  expect(history.newest.tick).toBe(20_000);
  expect(history.first.tick).toBe(20_000 - kept + 1);
});
