import { expect, it } from "vitest";
import { isNamed, rangeOf } from "./byte-ranges.ts";

it.each([
  ["bytes=0-0", { first: 0, last: 0 }],
  ["bytes=0-99", { first: 0, last: 9 }],
  ["bytes=3-", { first: 3, last: 9 }],
  ["bytes=9-9", { first: 9, last: 9 }],
  ["bytes=-4", { first: 6, last: 9 }],
  ["bytes=-40", { first: 0, last: 9 }],
  ["BYTES=1-2", { first: 1, last: 2 }],
  ["bytes=10-", "unsatisfiable"],
  ["bytes=-0", "unsatisfiable"],
  ["bytes=5-4", undefined],
  ["bytes=-", undefined],
  ["bytes=0-1,3-4", undefined],
  ["lines=0-1", undefined],
  ["bytes=a-b", undefined],
  [undefined, undefined],
])("understands %s of ten bytes", (header, wanted) => {
  expect(rangeOf(header, 10)).toEqual(wanted);
});

it.each([
  ['"a"', true],
  ['"b", W/"a"', true],
  ["*", true],
  ['"b"', false],
  ["a", false],
  [undefined, false],
])("If-None-Match: %s", (header, wanted) => {
  expect(isNamed(header, '"a"')).toBe(wanted);
});
