import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { readOwnVariables } from "./own-file.ts";

it("of another user's system it is said whose it is and what to do; any other failure stays itself", () => {
  const home = mkdtempSync(path.join(os.tmpdir(), "muster-own-"));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  const file = path.join(home, "local.env");
  expect(() => readOwnVariables(file)).toThrow("ENOENT");
  writeFileSync(file, "A='1'\n");
  expect(readOwnVariables(file)).toEqual({ A: "1" });
  const refused = (): never => {
    throw Object.assign(new Error("EACCES: permission denied"), { code: "EACCES" }); // root may read everything
  };
  expect(() => readOwnVariables(file, refused)).toThrow(
    new RegExp(`was started by another user \\(uid ${os.userInfo().uid}\\).*MUSTER_HOME`),
  );
});
