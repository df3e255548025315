// The command, in a repository of its own.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";

const command = path.join(import.meta.dirname, "check-events.ts");
const repository = mkdtempSync(path.join(os.tmpdir(), "muster-events-"));
const file = path.join(repository, "contracts/events/match-ended.v1.json");
const SCHEMA = { "x-topic": "muster.matches.v1", properties: { a: { type: "string" } }, required: ["a"] };

const git = (...args: string[]): void => {
  const identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"];
  const { status, stderr } = spawnSync("git", [...identity, ...args], { cwd: repository, encoding: "utf8" });
  expect(status, stderr).toBe(0);
};
const check = (...args: string[]): { status: number | null; output: string } => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], {
    cwd: repository,
    encoding: "utf8",
  });
  return { status, output: stdout + stderr };
};
const write = (schema: object): void => writeFileSync(file, JSON.stringify(schema));

beforeAll(() => {
  git("init", "-q", "-b", "main");
  git("commit", "-q", "--allow-empty", "-m", "nothing yet");
  git("tag", "empty");
  mkdirSync(path.dirname(file), { recursive: true });
  write(SCHEMA);
  git("add", "-A");
  git("commit", "-q", "-m", "base");
});
beforeEach(() => git("checkout", "-q", "."));
afterAll(() => rmSync(repository, { recursive: true, force: true }));

it("passes what is as it was, what has an optional property more, and a commit without events", () => {
  expect(check("main")).toEqual({ status: 0, output: "" });
  write({ ...SCHEMA, properties: { ...SCHEMA.properties, b: { type: "string" } } });
  writeFileSync(path.join(path.dirname(file), "match-begun.v1.json"), "{}");
  expect(check("main")).toEqual({ status: 0, output: "" });
  expect(check("empty")).toEqual({ status: 0, output: "" });
});

it("fails when a property is gone, and says which of which file", () => {
  write({ ...SCHEMA, properties: {} });
  const { status, output } = check("main");
  expect(output).toContain("contracts/events/match-ended.v1.json: #/properties/a is gone");
  expect(status).toBe(1);
});

it("fails when a file is gone", () => {
  renameSync(file, `${file}.old`);
  const { status, output } = check("main");
  expect(output).toContain("contracts/events/match-ended.v1.json is gone");
  expect(status).toBe(1);
});

it("does not pass when it has nothing to compare with", () => {
  expect(check().status).toBe(2);
  expect(check("no-such-ref").status).not.toBe(0);
});
