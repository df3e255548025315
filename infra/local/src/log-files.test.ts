import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import { LogFiles } from "./log-files.ts";

it("a log of any length takes twice the limit at most, and its end is there", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "muster-logs-"));
  try {
    const limit = 10_000;
    const files = new LogFiles(folder, { bytesMax: limit });
    const line = "x".repeat(99);
    for (let i = 0; i < 1000; i++) files.write("edge-api", `${i} ${line}`);
    files.close();
    const again = new LogFiles(folder, { bytesMax: limit });
    again.write("edge-api", "the last line");
    again.close();
    expect(readdirSync(folder).toSorted()).toEqual(["edge-api.log", "edge-api.log.1"]);
    for (const file of readdirSync(folder)) expect(statSync(path.join(folder, file)).size).toBeLessThan(limit + 200);
    expect(readFileSync(path.join(folder, "edge-api.log"), "utf8")).toMatch(/the last line\n$/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it("a full disk ends nothing: lines are lost, counted and told, and written again when there is room", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "muster-logs-"));
  try {
    const file = path.join(folder, "edge-api.log");
    symlinkSync("/dev/full", file); // takes no byte: ENOSPC
    const said: string[] = [];
    const files = new LogFiles(folder, { say: (text) => said.push(text) });
    for (let i = 0; i < 3; i++) files.write("edge-api", `line ${i}`);
    files.write("shard", "as ever");
    rmSync(file);
    for (let i = 3; i < 5; i++) files.write("edge-api", `line ${i}`);
    files.close();
    expect(readFileSync(file, "utf8")).toBe("3 earlier lines were lost\nline 3\nline 4\n");
    expect(readFileSync(path.join(folder, "shard.log"), "utf8")).toBe("as ever\n");
    expect(said).toEqual([
      expect.stringMatching(/^logs cannot be written.*ENOSPC/),
      "the log of edge-api can be written again; 3 lines were lost",
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
