import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";

const folder = mkdtempSync(path.join(os.tmpdir(), "muster-options-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const program = path.join(folder, "program.ts");
writeFileSync(
  program,
  `// Counts.
//
//   program.ts [--to 3]
import { programOptions } from ${JSON.stringify(path.join(import.meta.dirname, "program-options.ts"))};

console.log(programOptions({ options: { to: { type: "string", default: "3" } } }).values.to);
`,
);

function run(...args: string[]): object {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
}

it("prints the comment at the top of the program for --help and for a wrong option, without a stack", () => {
  const usage = "Counts.\n\n  program.ts [--to 3]\n";
  expect(run("--to", "5")).toEqual({ status: 0, stdout: "5\n", stderr: "" });
  expect(run("--help")).toEqual({ status: 0, stdout: usage, stderr: "" });
  expect(run("--form", "5")).toEqual({ status: 2, stdout: "", stderr: `Unknown option '--form'\n\n${usage}` });
});
