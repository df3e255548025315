import { type Game, uint } from "@muster/game-kit";
import { GAMES } from "@muster/modes";
import { expect, it } from "vitest";
import { readConfig } from "./config.ts";

const MODES = JSON.stringify({ duel: { game: "duel", seats: 2, options: {} } });
const ENV = {
  MATCHMAKER_MODES: MODES,
  MATCHMAKER_MATCH_URL: "http://127.0.0.1:1",
  MATCHMAKER_SEAT_TICKET_KEY: "0".repeat(64),
};
const problemsWith = (changes: object): readonly string[] => {
  const game = { ...GAMES.get("duel"), ...changes } as unknown as Game;
  try {
    readConfig(ENV, new Map([["duel", game]]));
    return [];
  } catch (err) {
    return (err as { problems: readonly string[] }).problems;
  }
};

// A shard that cannot announce one game announces none: without this, nothing would say why nobody is placed in a match.
it.each([
  ["that lacks a part", { step: undefined }, "does not declare, or not rightly: step (a function)"],
  ["whose state cannot be laid out", { state: { kit: uint(1) } }, "the name kit is reserved"],
])("refuses to start with a queue for a game %s, and says what it is", (_what, changes, said) => {
  expect(problemsWith({})).toEqual([]);
  expect(problemsWith(changes)).toEqual([expect.stringContaining(said)]);
});
