import { expect, it } from "vitest";
import { cut, lengthOf } from "./cut.ts";

const FAMILY = "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}";

it.each([
  ["short", "abc", 3, "abc"],
  ["letters", "abcd", 3, "abc"],
  ["emoji, two units each", "\u{1f600}".repeat(5), 3, "\u{1f600}".repeat(3)],
  ["a letter with its mark", "ae\u0301", 2, "a"],
  ["an emoji of five code points", `ab${FAMILY}`, 6, "ab"],
  ["one that fits", `ab${FAMILY}c`, 7, `ab${FAMILY}`],
  ["half of a pair", "a\ud83d", 9, "a\ufffd"],
  ["nothing", "abc", 0, ""],
])("cuts by whole characters: %s", (_what, text, max, expected) => {
  expect(cut(text, max)).toBe(expected);
  expect(lengthOf(cut(text, max))).toBeLessThanOrEqual(max);
});

it("leaves no half pair at any length", () => {
  const text = `x${"\u{1f600}".repeat(20)}${FAMILY.repeat(5)}`;
  for (let max = 0; max < 60; max++) expect(cut(text, max).isWellFormed()).toBe(true);
});
