import { expect, it } from "vitest";
import { purityProblems } from "./purity.ts";

const PURE = "// What a thing may be. No I/O.\n";

it.each([
  ["a database", 'import { inTransaction } from "@muster/db";'],
  ["a store", 'import { findThing } from "./store.ts";'],
  ["part of a store", 'import { findThing } from "../store/things.ts";'],
  ["files", 'import { readFileSync } from "node:fs";'],
])("a file that says it does no I/O imports none: %s", (_what, line) => {
  expect(purityProblems("services/x/src/things.ts", `${PURE}${line}\n`)).toHaveLength(1);
  expect(purityProblems("services/x/src/things.ts", `// Things.\n${line}\n`)).toEqual([]);
  expect(purityProblems("services/x/src/things.ts", `${PURE}${line.replace("import", "import type")}\n`)).toEqual([]);
});

it("a service reads no time of day, but where no clock can be given", () => {
  const source = "const at = new Date();\n";
  expect(purityProblems("services/x/src/things.ts", source)).toHaveLength(1);
  expect(purityProblems("services/x/src/operator-commands.ts", source)).toEqual([]);
  expect(purityProblems("packages/x/src/things.ts", source)).toEqual([]);
});
