import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { durationsFile, Progress } from "./progress.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "muster-progress-"));
const file = path.join(folder, "cache/durations");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("tells how long is left: at first as typical, then as the last time; never nothing before the end", () => {
  let nowMs = 5000;
  const options = { file, nowMs: () => nowMs };
  const first = new Progress(options);
  first.begin("servers");
  expect(first.leftS()).toBe(20);
  nowMs += 2000;
  expect(first.leftS()).toBe(18);
  first.begin("services");
  nowMs += 30_000;
  expect(first.leftS(), "the step is late: what comes after it is still to come").toBe(6);
  first.begin("match");
  nowMs += 60_000;
  expect(first.leftS()).toBe(1);
  first.done();
  expect(first.leftS()).toBe(0);
  expect(readFileSync(file, "utf8")).toBe("servers 2\nservices 30\nmatch 60\nstart 92\n");

  const next = new Progress({ ...options, without: ["match"] });
  next.begin("servers");
  expect(next.leftS()).toBe(32);
});

it("keeps what scripts/setup.sh has noted there, and takes no nonsense from it", () => {
  writeFileSync(file, "packages 17\nservers x\nservices 99999\n");
  const progress = new Progress({ file, nowMs: () => 0 });
  progress.begin("servers");
  expect(progress.leftS()).toBe(20);
  progress.done();
  expect(readFileSync(file, "utf8")).toBe("packages 17\nservers 1\nstart 1\n");
});

it("does without a file that cannot be written, and finds it where caches are", () => {
  const progress = new Progress({ file: "/dev/null/durations", nowMs: () => 0 });
  progress.begin("servers");
  progress.done();
  expect(durationsFile({ HOME: "/home/ada" })).toBe("/home/ada/.cache/muster/durations");
  expect(durationsFile({ HOME: "/home/ada", XDG_CACHE_HOME: "/cache" })).toBe("/cache/muster/durations");
});
