import { expect, it } from "vitest";
import { DEFAULT_MODES, isPractice, isRated, type Mode } from "./index.ts";

it("a mode is rated unless one plays alone in it, or always against bots", () => {
  const mode: Mode = { game: "duel", seats: 2, options: {} };
  expect(isRated(mode)).toBe(true);
  expect(isRated({ ...mode, seats: 1 })).toBe(false);
  expect(isRated({ ...mode, bots: { bot: "ace", afterS: 0 } })).toBe(false);
  expect(isRated({ ...mode, bots: { bot: "ace", afterS: 20 } })).toBe(true); // two who wait at once play each other
  const practice = Object.entries(DEFAULT_MODES).filter(([, one]) => isPractice(one));
  expect(practice.map(([name, one]) => [name, isRated(one)])).toEqual([["duel-practice", false]]);
});
