import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { makeFolders } from "./folders.ts";

const home = mkdtempSync(path.join(os.tmpdir(), "muster-folders-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

it("makes what is missing with that mode, leaves what is there, and says of a file that it is in the way", () => {
  const folder = path.join(home, "a/b/c");
  makeFolders(folder, 0o700);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  makeFolders(folder, 0o755);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  writeFileSync(path.join(home, "file"), "");
  expect(() => makeFolders(path.join(home, "file"))).toThrow("EEXIST");
  expect(() => makeFolders(path.join(home, "file/a/b"))).toThrow("ENOTDIR");
});

// Node's own never comes back: in a process of its own, with a time.
it.runIf(process.platform === "linux").each(["/proc/muster", "/proc/muster/a/b"])(
  "says so where %s cannot be",
  (at) => {
    const source = path.join(import.meta.dirname, "folders.ts");
    const script = `const { makeFolders } = await import(${JSON.stringify(source)});
    try { makeFolders(${JSON.stringify(at)}); } catch (err) { console.log(err.code); }`;
    const said = execFileSync(process.execPath, ["--input-type=module", "-e", script], { timeout: 10_000 });
    expect(said.toString().trim()).toBe("ENOENT");
  },
);
