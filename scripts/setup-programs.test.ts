// What setup.sh says where it may not install what is missing: one command for an administrator. Nothing is installed here.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";

const folder = mkdtempSync(path.join(os.tmpdir(), "muster-programs-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const TOOLS = ["bash", "cat", "cut", "dirname", "grep", "mkdir", "mv", "sed", "sha256sum", "tail"];

/** A machine with these programs besides a shell's usual ones, and a user who is not root. */
function setup(name: string, programs: readonly string[], then: string, env: Readonly<Record<string, string>> = {}) {
  const bin = path.join(folder, name);
  mkdirSync(bin);
  for (const tool of TOOLS)
    symlinkSync(
      spawnSync("sh", ["-c", `command -v ${tool}`], { encoding: "utf8" }).stdout.trim(),
      path.join(bin, tool),
    );
  const pretended = { id: "echo 1000", ...Object.fromEntries(programs.map((program) => [program, "exit 0"])) };
  for (const [program, script] of Object.entries(pretended))
    writeFileSync(path.join(bin, program), `#!${path.join(bin, "bash")}\n${script}\n`, { mode: 0o755 });
  // Programs of this machine in /usr/sbin are not those of the pretended one.
  const script = `set -euo pipefail; . scripts/setup.sh; has() { command -v "$1" >/dev/null; }; ${then}`;
  const run = spawnSync(path.join(bin, "bash"), ["-c", script], {
    cwd: path.join(import.meta.dirname, ".."),
    env: { PATH: bin, HOME: path.join(folder, `${name}-home`), ...env },
    encoding: "utf8",
  });
  return { code: run.status, said: `${run.stdout}${run.stderr}` };
}

it("names everything that is missing in one command, whatever is missing", () => {
  const nothing = setup("nothing", [], "setup_everything 20");
  expect(nothing.code).toBe(1);
  const packages =
    "nodejs npm ca-certificates mariadb-server-core mariadb-client-core openssl nginx-light default-jre-headless maven";
  expect(nothing.said).toContain(`\n  apt-get install -y --no-install-recommends ${packages}\n`);
  expect(nothing.said.match(/apt-get/g)).toHaveLength(1);

  const some = setup("some", ["npm", "openssl", "java", "sudo"], "setup_everything", { MUSTER_DB_URL: "mysql://x" });
  expect(some.said).toContain("\n  sudo apt-get install -y --no-install-recommends nginx-light maven\n");
});

it("goes on without what only Kafka needs", () => {
  const { code, said } = setup(
    "without-kafka",
    ["npm", "openssl", "nginx", "mariadbd", "mariadb-install-db"],
    "setup_programs; echo went on",
  );
  expect([code, said]).toEqual([0, "went on\n"]);
});

it("remembers how long a step took, and says what is left", () => {
  // Once unset, SECONDS is a variable like any other, and stands still.
  const then =
    "unset SECONDS; SECONDS=7; took kafka 30 0; usual kafka 30; usual packages 20; LEFT_S=12; left; took kafka 30 $SECONDS; left";
  const { said } = setup("left", [], then);
  expect(said).toBe("7\n20\n: about 12 s left: about 5 s left");
  expect(readFileSync(path.join(folder, "left-home/.cache/muster/durations"), "utf8")).toBe("kafka 0\n");
});

it("goes on without Godot, which not every distribution has, but not in CI", () => {
  const then = "setup_godot; echo went on";
  const laptop = setup("without-godot", [], then);
  expect([laptop.code, laptop.said]).toEqual([0, expect.stringContaining("are skipped\nwent on\n")]);
  const ci = setup("without-godot-in-ci", [], then, { CI: "1" });
  expect([ci.code, ci.said]).toEqual([1, expect.stringContaining("must be tested here.\n")]);
  expect(setup("with-godot", ["godot3-server"], then).said).toBe("went on\n");
});
