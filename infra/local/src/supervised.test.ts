import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, expect, it, onTestFinished, vi } from "vitest";

const home = vi.hoisted(() => {
  const folder = `${process.env["TMPDIR"] ?? "/tmp"}/muster-supervised-${process.pid}`;
  process.env["MUSTER_HOME"] = folder; // before paths.ts is read
  return folder;
});
const { supervise } = await import("./supervised.ts");
const { clearLeftovers } = await import("./run-records.ts");
const started = mkdtempSync(path.join(os.tmpdir(), "muster-started-"));
afterAll(() => {
  for (const folder of [home, started]) rmSync(folder, { recursive: true, force: true });
});

/** A child that notes its process id, line by line, and then runs `script`. */
function noting(name: string, script: string): { command: string; args: string[]; pids(): number[] } {
  const file = path.join(started, name);
  writeFileSync(file, "");
  return {
    command: "sh",
    args: ["-c", `echo $$ >> ${file}; ${script}`],
    pids: () => readFileSync(file, "utf8").split("\n").filter(Boolean).map(Number),
  };
}

const isRunning = (pid: number): boolean => existsSync(`/proc/${pid}`);

it("what cannot be cleared before a start is tried again: a server is never given up because of what it left", async () => {
  const child = noting("cleared", "[ $(wc -l < $0) = 1 ] && exit 1; exec sleep 60");
  child.args.push(path.join(started, "cleared"));
  const said: string[] = [];
  let tries = 0;
  const one = supervise(
    {
      name: "cleared",
      ...child,
      onLine: () => undefined,
      prepare: () => (++tries < 3 ? Promise.reject(new Error("still there")) : Promise.resolve()),
    },
    (text) => said.push(text),
  );
  onTestFinished(() => one.stop());
  await expect.poll(() => child.pids().length, { timeout: 5000 }).toBe(2);
  expect(tries).toBe(3);
  expect(said.join("\n")).toContain("could not be started: Error: still there; retrying");
});

it("of a process that ends because of its code, the file and the line are said, however long the stack within Node is", async () => {
  const stack = Array.from({ length: 30 }, (_, i) => `    at step${i} (node:internal/modules/esm/loader:${i}:1)`);
  const said = path.join(started, "stack");
  writeFileSync(said, ["file:///game.ts:57", "const x = ;", "SyntaxError: Expression expected", ...stack].join("\n"));
  const child = noting("broken", `cat ${said} >&2; exit 2`);
  const one = await new Promise<string>((resolve) => {
    const supervised = supervise({ name: "broken", ...child, onLine: () => undefined }, resolve);
    onTestFinished(() => supervised.stop());
  });
  expect(one).toContain("file:///game.ts:57\n  const x = ;\n  SyntaxError: Expression expected");
  expect(one).not.toContain("node:internal");
});

it("a restart while the next start is being prepared makes one process, not two", async () => {
  const child = noting("one", "[ $(wc -l < $0) = 1 ] && exit 1; exec sleep 60");
  child.args.push(path.join(started, "one"));
  const prepared: (() => void)[] = [];
  const one = supervise(
    { name: "one", ...child, onLine: () => undefined, prepare: () => new Promise((resolve) => prepared.push(resolve)) },
    () => undefined,
  );
  onTestFinished(() => one.stop());
  await expect.poll(() => prepared.length).toBe(1);
  const restarted = one.restart();
  await expect.poll(() => prepared.length).toBe(2);
  for (const resolve of prepared) resolve();
  await restarted;
  await expect.poll(() => child.pids().length).toBe(2);
  expect(child.pids().filter(isRunning)).toEqual([one.pid]);
});

it("a start ends what an earlier one left, and never an unrelated process that reuses an id", async () => {
  const folder = path.join(home, "run");
  mkdirSync(folder, { recursive: true });
  const statOf = (pid: number): string[] =>
    readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.split(" ") ?? [];
  const leaders = ["ours", "unrelated"].map((name) => {
    // A leader, and a child of its group.
    const leader = spawn("sh", ["-c", "sleep 60 & wait"], { detached: true, stdio: "ignore" });
    onTestFinished(() => {
      try {
        process.kill(-(leader.pid as number), "SIGKILL");
      } catch {
        // It has ended, as one of them should.
      }
    });
    const start = Number(statOf(leader.pid as number)[19]);
    const record = {
      name,
      pid: leader.pid,
      start: name === "ours" ? start : start - 1000, // an earlier process had the unrelated process's id
      boot: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
      supervisor: { pid: leader.pid, start: 1 }, // gone
    };
    writeFileSync(path.join(folder, `${name}.json`), JSON.stringify(record));
    return leader.pid as number;
  });
  const [ours, unrelated] = leaders as [number, number];
  const childOf = (pid: number): number =>
    Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ")[0]);
  await expect.poll(() => childOf(ours) > 0 && childOf(unrelated) > 0).toBe(true);
  const unrelatedChild = childOf(unrelated);
  await clearLeftovers(() => undefined);
  const lives = (pid: number): boolean => isRunning(pid) && statOf(pid)[0] !== "Z";
  expect(lives(unrelatedChild)).toBe(true);
  expect(lives(ours)).toBe(false);
});
