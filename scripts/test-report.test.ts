import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { told } from "./test-report.ts";

const root = path.resolve(import.meta.dirname, "..");
const folder = mkdtempSync(path.join(root, "node_modules/.test-report-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The real runner's report of these tests. */
function reportOf(tests: string): Parameters<typeof told>[0] {
  writeFileSync(path.join(folder, "some.test.ts"), `import { expect, it } from "vitest";\n${tests}`);
  writeFileSync(path.join(folder, "vitest.config.ts"), `export default { test: { include: ["some.test.ts"] } };`);
  const file = path.join(folder, "report.json");
  const vitest = path.join(root, "node_modules/vitest/vitest.mjs");
  const args = [vitest, "run", "--root", folder, "--reporter=json", `--outputFile.json=${file}`];
  spawnSync(process.execPath, args, { cwd: folder });
  return JSON.parse(readFileSync(file, "utf8")) as Parameters<typeof told>[0];
}

it("names each test that passed only at its second try, with what it failed by, before the counts", () => {
  const report = reportOf(`
    let tries = 0;
    it("is unsteady", { retry: 1 }, () => expect(++tries).toBe(2));
    it("is steady", { retry: 1 }, () => undefined);
  `);
  const { lines, good } = told(report);
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(/^second try: .*some\.test\.ts: is unsteady: AssertionError: expected 1 to be 2/);
  expect(lines[1]).toBe("2 passed, 0 failed, 0 skipped");
  expect(good).toBe(true);
});

it("is not good with a failure, a skipped test, or a file that did not load", () => {
  expect(told(reportOf(`it("a", () => expect(1).toBe(2));`))).toEqual({
    lines: ["0 passed, 1 failed, 0 skipped"],
    good: false,
  });
  expect(told(reportOf(`it.skip("a", () => undefined); it("b", () => undefined);`)).good).toBe(false);
  expect(told(reportOf(`throw new Error("x");`))).toEqual({ lines: ["0 passed, 1 failed, 0 skipped"], good: false });
});
