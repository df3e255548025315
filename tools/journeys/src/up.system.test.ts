// The local system as a person has it: up, a crash, Ctrl-C. Everything on ports and in a folder of its own.
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { freePort, paths } from "@muster/local";
import { describeWithServers, until } from "@muster/testkit";
import { afterEach, expect, it } from "vitest";

const RESIDENT_MIB_MAX = 1536;

interface Running {
  readonly name: string;
  readonly pid: number;
}

describeWithServers("up", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "muster-up-"));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** What carries our folder in its environment: every process of this system, whoever its parent is. */
  const running = (): Running[] =>
    readdirSync("/proc").flatMap((pid) => {
      try {
        if (!readFileSync(`/proc/${pid}/environ`, "latin1").includes(`MUSTER_HOME=${folder}`)) return [];
        const command = readFileSync(`/proc/${pid}/cmdline`, "latin1");
        if (command === "") return []; // a zombie
        return [
          {
            pid: Number(pid),
            name: command.includes("main.ts") ? path.basename(readlinkSync(`/proc/${pid}/cwd`)) : command.slice(0, 40),
          },
        ];
      } catch {
        return []; // not ours to read, or just gone
      }
    });

  it("is healthy in seconds, fits its memory, mends a crash without taking others down, and leaves nothing behind at Ctrl-C", async () => {
    const port = await freePort();
    const env = {
      ...process.env,
      MUSTER_HOME: folder,
      MUSTER_PORT: String(port),
      MUSTER_PORT_BASE: "28200",
      MUSTER_SKIP_SMOKE: "1",
    };
    const up = spawn(process.execPath, [path.join(paths.root, "infra/local/src/up.ts")], {
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const said: string[] = [];
    for (const stream of [up.stdout, up.stderr]) stream.on("data", (chunk: Buffer) => said.push(chunk.toString()));
    const ended = new Promise<number | null>((resolve) => up.once("exit", resolve));
    await until(() => (said.join("").includes("Muster is up") ? undefined : said.join("")), 60_000);

    const health = async (): Promise<number> => (await fetch(`http://127.0.0.1:${port}/healthz`)).status;
    expect(await health()).toBe(200);
    const before = running();
    const residentMib = before.reduce(
      (sum, { pid }) =>
        sum + Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024,
      0,
    );
    expect(residentMib).toBeLessThan(RESIDENT_MIB_MAX);

    const pidOf = (name: string): number | undefined => running().find((one) => one.name === name)?.pid;
    const crashed = pidOf("match-service") as number;
    const others = before.filter((one) => one.pid !== crashed && one.pid !== up.pid).map((one) => one.pid);
    process.kill(crashed, "SIGKILL");
    await until(
      async () =>
        (await health()) === 200 && pidOf("match-service") !== undefined && pidOf("match-service") !== crashed
          ? undefined
          : "not mended",
      30_000,
    );
    expect(running().map((one) => one.pid)).toEqual(expect.arrayContaining(others));

    up.kill("SIGINT");
    expect(await ended).toBe(0);
    expect(said.join("")).toContain("stopped");
    expect(running()).toEqual([]);
  }, 120_000);

  it("leaves nothing behind even when it is killed itself", async () => {
    const env = {
      ...process.env,
      MUSTER_HOME: folder,
      MUSTER_PORT: String(await freePort()),
      MUSTER_PORT_BASE: "28300",
      MUSTER_SKIP_SMOKE: "1",
    };
    const up = spawn(process.execPath, [path.join(paths.root, "infra/local/src/up.ts")], { env, stdio: "ignore" });
    await until(() => (running().some((one) => one.name === "edge-api") ? undefined : "no processes yet"), 60_000);
    up.kill("SIGKILL");
    await until(
      () =>
        running().length === 0
          ? undefined
          : running()
              .map((one) => one.name)
              .join(),
      30_000,
    );
  }, 120_000);
});
