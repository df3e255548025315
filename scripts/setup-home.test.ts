// The part of setup.sh that looks at whose checkout it is, before anything is installed.
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, it, onTestFinished } from "vitest";

it("in a checkout of another user, that is said at once, with what to do; a folder of one's own is enough", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "muster-setup-home-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(path.join(import.meta.dirname, "setup.sh"), path.join(folder, "setup.sh"));
  chmodSync(folder, 0o555);
  const as = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}; // root may write everywhere
  const looked = (env: Readonly<Record<string, string>>): { code: number | null; said: string } => {
    const run = spawnSync("bash", ["-c", "set -euo pipefail; . ./setup.sh; refuse_foreign_home; echo went on"], {
      cwd: folder,
      env: { PATH: process.env["PATH"], ...env },
      encoding: "utf8",
      ...as,
    });
    return { code: run.status, said: `${run.stdout}${run.stderr}` };
  };
  expect(looked({})).toEqual({
    code: 1,
    said: expect.stringMatching(/belongs to another user .*uid \d+.*\n.*MUSTER_HOME/),
  });
  expect(looked({ MUSTER_HOME: path.join(os.tmpdir(), "muster-not-there/home") })).toEqual({
    code: 0,
    said: "went on\n",
  });
});
