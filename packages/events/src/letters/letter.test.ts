import { expect, it } from "vitest";
import { bytesOf } from "./letter.ts";

it("a letter without a payload counts for what is kept in memory, too", () => {
  expect(bytesOf({ key: "käy", value: Buffer.alloc(0), headers: { name: "x".repeat(100) } })).toBe(4 + 4 + 100);
  expect(bytesOf({ key: undefined, value: Buffer.alloc(9), headers: {} })).toBe(9);
});
