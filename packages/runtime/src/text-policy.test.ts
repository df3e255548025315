import { describe, expect, it } from "vitest";
import { nameFaultOf, tidyMessage } from "./text-policy.ts";

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
  "interlinear annotation anchor": "\ufff9",
  "hieroglyph joiner": "\u{13430}",
  "hieroglyph full blank": "\u{13441}",
  "null notehead": "\u{1d159}",
};

it.each(Object.entries(NOTHING))("%s is no message, and does not belong into a name", (_name, character) => {
  expect(tidyMessage(` ${character}\n${character}`)).toBe("");
  expect(tidyMessage(`a${character}b`)).toMatch(/^a.*b$/u);
  expect(nameFaultOf(`an${character}n`)).toBe("invisible");
});

describe("a name", () => {
  it.each([
    ["\u0301ann", "mark_without_base"],
    ["ann_\u0301lee", "mark_without_base"],
    ["ann \u0301lee", "mark_without_base"],
    ["a\u0335\u0336\u0337b", "too_many_marks"],
    ["_-_", "only_separators"],
    ["ann", undefined],
    ["Zoe\u0308", undefined],
    ["김철수", undefined],
    ["कमल", undefined],
    ["ประเทศ", undefined],
    ["مُحَمَّد", undefined],
    ["ကျော်", undefined],
    ["လွှဲ", undefined],
    ["करोड़ों".normalize("NFKC"), undefined],
    ["ញ៉ាំ", undefined],
    ["a\u0301\u0301b", "too_many_marks"],
    ["a\u0300\u0301\u0302\u0303\u0304b", "too_many_marks"],
    ["race fans_2-b", undefined],
  ])("%j: %s", (name, fault) => {
    expect(nameFaultOf(name)).toBe(fault);
  });
});

describe("a message", () => {
  it.each(["a", "한", "क", "é", ".", "👩‍👩‍👧", "❤️", "1️⃣", "⠁", "שָׁלוֹם", "བསྒྲུབས", "line\n\tline", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"])(
    "stays as it is: %j",
    (text) => {
      expect(tidyMessage(text)).toBe(text.normalize("NFC"));
    },
  );

  it.each([
    ["marks on nothing", "\u0301\u0301", ""],
    ["marks at the start of a word", "a \u0301b", "a b"],
    ["a tower", `z${"\u0335".repeat(40)}`, `z${"\u0335".repeat(8)}`],
    [
      "a tower with joiners in it",
      `z${`${"\u0335".repeat(4)}\u200d`.repeat(50)}b`,
      `z${`${"\u0335".repeat(4)}\u200d`.repeat(2)}b`,
    ],
    ["a change of direction", "\u202eabc\u202c", "abc"],
    ["a mark behind a byte order mark", "\ufeff\u0301abc", "abc"],
    ["a mark behind a joiner behind a space", "a \u200d\u0301b", "a b"],
    ["a control between a letter and its mark", "e\u0000\u0301", "\u00e9"],
    ["half of a pair", "a\ud83db", "a\ufffdb"],
    ["controls", "a\u0000b\u001b[31m", "ab[31m"],
    ["white space around", " \n a \t", "a"],
  ])("loses what spoils other lines: %s", (_what, text, expected) => {
    expect(tidyMessage(text)).toBe(expected);
    expect(tidyMessage(expected)).toBe(expected);
  });

  it("is the same when it is tidied again, whatever it is made of", () => {
    const pool = [
      ...Array.from("ab e\n\t\r\0\u0301\u0334\u200d\ufeff\u202a\u2028\u1100\u1161\u05b0\u093f\ufff9\u0345"),
      "\ud83d",
      "😀",
    ];
    const pairs = pool.flatMap((one) => pool.map((other) => one + other));
    for (const text of pairs.flatMap((pair) => [pair, ...pool.map((third) => pair + third)])) {
      const tidy = tidyMessage(text);
      expect(tidyMessage(tidy), JSON.stringify(text)).toBe(tidy);
      expect(tidy, JSON.stringify(text)).not.toMatch(/^\p{M}/u);
      expect(tidy.normalize("NFC").toWellFormed(), JSON.stringify(text)).toBe(tidy);
    }
  });
});
