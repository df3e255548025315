import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import { LogFiles } from "./log-files.ts";

it("a log of any length takes twice the limit at most, and its end is there", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "muster-logs-"));
  try {
    const limit = 10_000;
    const files = new LogFiles(folder, limit);
    const line = "x".repeat(99);
    for (let i = 0; i < 1000; i++) files.write("edge-api", `${i} ${line}`);
    files.close();
    const again = new LogFiles(folder, limit);
    again.write("edge-api", "the last line");
    again.close();
    expect(readdirSync(folder).toSorted()).toEqual(["edge-api.log", "edge-api.log.1"]);
    for (const file of readdirSync(folder)) expect(statSync(path.join(folder, file)).size).toBeLessThan(limit + 200);
    expect(readFileSync(path.join(folder, "edge-api.log"), "utf8")).toMatch(/the last line\n$/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
