import { expect, it } from "vitest";
import { importCircles } from "./import-circles.ts";

const circlesOf = (texts: Readonly<Record<string, string>>): string[][] =>
  importCircles(Object.keys(texts), (file) => texts[file] ?? "");

it("finds files that import each other, through others, by type, and by handing on", () => {
  expect(
    circlesOf({
      "a/one.ts": 'import { two } from "./two.ts";',
      "a/two.ts": 'import {\n  type Three,\n} from "../b/three.ts";',
      "b/three.ts": 'export * from "../a/one.ts";',
    }),
  ).toEqual([["a/one.ts", "a/two.ts", "b/three.ts", "a/one.ts"]]);
});

it("says nothing of a tree and of tests", () => {
  expect(
    circlesOf({
      "one.ts": 'import { two } from "./two.ts";',
      "two.ts": 'import { three } from "./three.ts";',
      "three.ts": "export const three = 3;",
      "three.test.ts": 'import { one } from "./one.ts";',
    }),
  ).toEqual([]);
});
