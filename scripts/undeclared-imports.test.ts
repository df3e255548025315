import { expect, it } from "vitest";
import { undeclaredImports } from "./undeclared-imports.ts";

const MANIFEST = JSON.stringify({
  name: "@muster/a",
  dependencies: { there: "1", "@x/there": "1" },
  devDependencies: { dev: "1" },
});
const problemsOf = (source: string, file = "services/a/src/one.ts"): string[] =>
  undeclaredImports([file], (name) => (name === file ? source : MANIFEST));

it.each([
  'import { one } from "dev";',
  'import {\n  one,\n  type Two,\n} from "dev/sub";',
  'export * from "dev";',
  'import "dev";',
  'const plot = () => import("dev");',
  'import one from "@y/nowhere/sub";',
])("finds what only tests have: %s", (source) => {
  expect(problemsOf(source)).toHaveLength(1);
});

it.each([
  'import { one } from "there";\nimport two from "@x/there/sub";\nimport path from "node:path";\nimport { three } from "./three.ts";',
  'import type { One } from "dev";',
  "const text = 'from \"dev\"';",
])("says nothing of what is there, and of types: %s", (source) => {
  expect(problemsOf(source)).toEqual([]);
});

it("says nothing of tests", () => {
  expect(problemsOf('import { one } from "dev";', "services/a/src/one.test.ts")).toEqual([]);
});
