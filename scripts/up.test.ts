// up.sh with arguments: says what it takes, and starts nothing.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const up = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(fileURLToPath(new URL("up.sh", import.meta.url)), args, { encoding: "utf8", timeout: 4000 });

it("says with --help what chooses its ports and its databases", () => {
  const { status, stdout, stderr } = up("--help");
  expect([status, stderr]).toEqual([0, ""]);
  for (const name of [
    "MUSTER_PORT",
    "MUSTER_TLS_PORT",
    "MUSTER_PORT_BASE",
    "MUSTER_DB_URL",
    "MUSTER_SKIP_SMOKE",
    "--open",
    "--with-metrics",
  ])
    expect(stdout).toContain(name);
});

it.each(["--port", "help"])("refuses %s, which it does not know", (arg) => {
  const { status, stderr } = up(arg);
  expect([status, stderr]).toEqual([2, `up.sh takes --open, --with-metrics or nothing: ${arg}\n`]);
});
