import { expect, it } from "vitest";
import { purityProblems } from "./purity.ts";

const PURE = "// What a thing may be. No I/O.\n";

it.each([
  ["a database", 'import { inTransaction } from "@muster/db";'],
  ["a store", 'import { findThing } from "./store.ts";'],
  ["part of a store", 'import { findThing } from "../store/things.ts";'],
  ["files", 'import { readFileSync } from "node:fs";'],
  ["files, by promises", 'import { readFile } from "node:fs/promises";'],
  ["more than one line", 'import {\n  readFileSync,\n  statSync,\n} from "node:fs";'],
  ["a whole module", 'import * as http from "node:http";'],
  ...["kysely", "mariadb", "@muster/rpc", "@muster/service/database"].map((from) => [
    from,
    `import { x } from "${from}";`,
  ]),
  ...["net", "http2", "https", "child_process", "dgram", "tls"].map((of) => [of, `import { x } from "node:${of}";`]),
])("a file that says it does no I/O imports none: %s", (_what, line) => {
  expect(purityProblems("services/x/src/things.ts", `${PURE}${line}\n`)).toHaveLength(1);
  expect(purityProblems("services/x/src/things.ts", `// Things.\n${line}\n`)).toEqual([]);
  expect(purityProblems("services/x/src/things.ts", `${PURE}${line.replace("import", "import type")}\n`)).toEqual([]);
});

it.each([
  ["for what it does when it is loaded", 'import "node:net";'],
  ["and hands it on", 'export { findThing } from "./store.ts";'],
  ["when it is needed", 'const fs = await import("node:fs");'],
])("a file that says it does no I/O imports none %s", (_what, line) => {
  expect(purityProblems("packages/x/src/things.ts", `${PURE}${line}\n`)).toHaveLength(1);
});

it("a file says so in any of its first lines, and what its tests need is not asked of it", () => {
  const importing = 'import { readFileSync } from "node:fs";\n';
  const source = `// What a thing may be.\n// Pure: no I/O.\n// And more.\n${importing}`;
  expect(purityProblems("packages/x/src/things.ts", source)).toHaveLength(1);
  expect(purityProblems("packages/x/src/things.ts", `// Things.\n${importing}// No I/O.\n`)).toEqual([]);
  for (const file of [
    "packages/x/src/things.test.ts",
    "packages/x/test/things.ts",
    "services/x/src/testing.ts",
    "tools/x/src/things.ts",
  ])
    expect(purityProblems(file, source)).toEqual([]);
});

it("a service reads no time of day, but where no clock can be given", () => {
  const source = "const at = new Date();\n";
  for (const read of [source, "const at = Date.now();\n"])
    expect(purityProblems("services/x/src/things.ts", read)).toHaveLength(1);
  expect(purityProblems("services/x/src/operator-commands.ts", source)).toEqual([]);
  expect(purityProblems("packages/x/src/things.ts", source)).toEqual([]);
});
