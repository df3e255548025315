import { describe, expect, it } from "vitest";
import { layoutOf } from "./layout.ts";
import { flag, int, list, uint } from "./schema.ts";

describe("a state layout", () => {
  const layout = layoutOf({ a: uint(32), on: flag(), items: list(2, { b: int(8), inner: list(2, { c: uint(4) }) }) });

  it("gives every value one word, whatever the nesting", () => {
    expect(layout.slots.map((slot) => slot.path)).toEqual([
      "a",
      "on",
      "items[0].b",
      "items[0].inner[0].c",
      "items[0].inner[1].c",
      "items[1].b",
      "items[1].inner[0].c",
      "items[1].inner[1].c",
    ]);
    const words = new Int32Array(layout.words);
    const view = layout.view(words, 0, true);
    view.a = 0xffffffff;
    view.on = true;
    const last = view.items[1]?.inner[1];
    if (last) last.c = 9;
    expect(view.a).toBe(0xffffffff);
    expect([...words]).toEqual([-1, 1, 0, 0, 0, 0, 0, 9]);
  });

  it("refuses, when checked, what a field cannot hold", () => {
    const view = layout.view(new Int32Array(layout.words), 0, true);
    for (const value of [1.5, -1, 2 ** 32, Number.NaN]) expect(() => (view.a = value)).toThrow(RangeError);
    const [first] = view.items;
    expect(() => first && (first.b = 128)).toThrow(/b = 128/);
  });

  it("refuses widths and names that cannot be", () => {
    expect(() => uint(0)).toThrow(RangeError);
    expect(() => int(33)).toThrow(RangeError);
    expect(() => int(1)).toThrow(RangeError); // its other value would be -1, and a delta says 1
    expect(() => list(0, {})).toThrow(RangeError);
    expect(() => layoutOf({ $x: uint(1) })).toThrow(RangeError);
    expect(() => layoutOf({ x: uint(8, { movesBy: "v" }), v: int(4) })).toThrow(/not declared before/);
  });
});
