import { expect, it } from "vitest";
import type { EventData } from "../contract/events.ts";
import { refuseImpossibleMatch } from "./impossible-match.ts";
import { PermanentError } from "./retry-policy.ts";

const NOW = new Date("2026-11-27T12:00:00Z");
const match = (endedAt: string, seats: readonly (readonly [number, string])[]): EventData["match.ended"] =>
  ({
    endedAt,
    participants: seats.map(([seat, playerId]) => ({ seat, playerId, score: 0, rank: 1 })),
  }) as EventData["match.ended"];
const TWO = [
  [0, "a"],
  [1, "b"],
] as const;

it.each([
  ["the year 9999", match("9999-12-31T23:59:59Z", TWO)],
  ["the day after tomorrow", match("2026-11-28T12:00:01Z", TWO)],
  ["the year 0", match("0000-01-01T00:00:00Z", TWO)],
  [
    "a player in two seats",
    match("2026-11-27T12:00:00Z", [
      [0, "a"],
      [1, "a"],
    ]),
  ],
  [
    "a seat that is there twice",
    match("2026-11-27T12:00:00Z", [
      [0, "a"],
      [0, "b"],
    ]),
  ],
])("no match has %s", (_, data) => {
  expect(() => refuseImpossibleMatch(data, NOW)).toThrow(PermanentError);
});

it("clocks may differ by some minutes, and results be late by years", () => {
  for (const endedAt of ["2026-11-27T12:10:00Z", "2019-01-01T00:00:00Z"])
    expect(() => refuseImpossibleMatch(match(endedAt, TWO), NOW)).not.toThrow();
});
