import { expect, it } from "vitest";
import { printable } from "./printable.ts";

it.each([
  ["a colour", "\u001b[31mred", "\\u001b[31mred"],
  ["the same in one sign", "\u009b31m", "\\u009b31m"],
  ["the window's title", "\u001b]0;x\u0007", "\\u001b]0;x\\u0007"],
  ["going back", "ok\rno\b", "ok\\u000dno\\u0008"],
  ["a text that runs the other way", "a\u202eb", "a\\u202eb"],
  ["a tag that nobody sees", "a\u{e0041}b", "a\\udb40\\udc41b"],
  ["another end of a line", "a\u2028b", "a\\u2028b"],
])("does not let text speak to a terminal: %s", (_what, text, expected) => {
  expect(printable(text)).toBe(expected);
  expect(JSON.parse(printable(JSON.stringify(text)))).toBe(text);
});

it("leaves what is to be seen", () => {
  expect(printable("Zoë 日本 🎲\n\tnext")).toBe("Zoë 日本 🎲\n\tnext");
});
