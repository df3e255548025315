import { expect, it } from "vitest";
import { hasInvisible, isBlank } from "./visible-text.ts";

const NOTHING = {
  "zero width space": "\u200b",
  "zero width joiner": "\u200d",
  "word joiner": "\u2060",
  "soft hyphen": "\u00ad",
  "combining grapheme joiner": "\u034f",
  "Hangul filler": "\u3164",
  "halfwidth Hangul filler": "\uffa0",
  "Hangul choseong filler": "\u115f",
  "Khmer inherent vowel": "\u17b4",
  "variation selector": "\ufe0f",
  "tag letter": "\u{e0061}",
  "byte order mark": "\ufeff",
  "braille without dots": "\u2800",
};

it.each(Object.entries(NOTHING))("%s is nothing by itself, and does not belong into a name", (_name, character) => {
  expect(isBlank(` ${character}\n${character}`)).toBe(true);
  expect(isBlank(`${character}a`)).toBe(false);
  expect(hasInvisible(`an${character}n`)).toBe(true);
});

it("sees letters of all scripts, marks, punctuation and emoji, joined or not", () => {
  for (const text of ["a", "한", "क", "é", ".", "👩‍👩‍👧", "❤️", "⠁"]) expect(isBlank(text), text).toBe(false);
  for (const text of ["ann", "김철수", "कमल", "Zoe\u0308"]) expect(hasInvisible(text), text).toBe(false);
});
