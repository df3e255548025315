// The local system as a person has it: up, a crash, Ctrl-C. Everything on ports and in a folder of its own.
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { findKafka, freePort, paths, startMariadb } from "@muster/local";
import { describeWithServers, freePortBase, until } from "@muster/testkit";
import { createConnection } from "mariadb";
import { afterEach, expect, it, onTestFinished } from "vitest";

/** Of all processes, each with the pages that it shares with others: ten of ours, MariaDB, nginx, and Kafka with about 160. */
const RESIDENT_MIB_MAX = 1856;

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
        const command = readFileSync(`/proc/${pid}/cmdline`, "latin1");
        if (command === "") return []; // a zombie
        // nginx writes over its environment; the folder is in its command line.
        const environment = readFileSync(`/proc/${pid}/environ`, "latin1");
        if (!environment.includes(`MUSTER_HOME=${folder}`) && !command.includes(folder)) return [];
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

  interface Up {
    readonly port: number;
    readonly pid: number | undefined;
    said(): string;
    readonly ended: Promise<number | null>;
    kill(signal: NodeJS.Signals): void;
  }

  /** The whole local system, on the ports from `base` on. */
  async function start(base: number, more: Record<string, string> = {}, port?: number): Promise<Up> {
    const ingress = port ?? (await freePort());
    const up = spawn(process.execPath, [path.join(paths.root, "infra/local/src/up.ts")], {
      env: {
        ...process.env,
        MUSTER_HOME: folder,
        MUSTER_PORT: String(ingress),
        MUSTER_PORT_BASE: String(base),
        MUSTER_SKIP_SMOKE: "1",
        ...more,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const said: string[] = [];
    for (const stream of [up.stdout, up.stderr]) stream.on("data", (chunk: Buffer) => said.push(chunk.toString()));
    const ended = new Promise<number | null>((resolve) => up.once("exit", resolve));
    // A test that fails leaves no system to the next one.
    onTestFinished(async () => {
      up.kill("SIGTERM");
      await ended;
    }, 30_000);
    return {
      port: ingress,
      pid: up.pid,
      said: () => said.join(""),
      ended,
      kill: (signal) => void up.kill(signal),
    };
  }
  const untilUp = (up: Up): Promise<void> =>
    until(() => (up.said().includes("Muster is up") ? undefined : up.said()), 60_000);
  const healthOf = async (up: Up): Promise<number> =>
    fetch(`http://127.0.0.1:${up.port}/healthz`).then(
      ({ status }) => status,
      () => 0,
    );
  const pidOf = (name: string): number | undefined => running().find((one) => one.name.includes(name))?.pid;

  it("is healthy in seconds, fits its memory, mends every crash without taking others down, and leaves nothing behind at Ctrl-C", async () => {
    const up = await start(await freePortBase());
    await untilUp(up);
    expect(await healthOf(up)).toBe(200);
    const before = running();
    const residentMib = before.reduce(
      (sum, { pid }) =>
        sum + Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024,
      0,
    );
    expect(residentMib).toBeLessThan(RESIDENT_MIB_MAX);

    // A second one in the same folder is refused before it has changed a file that the first one is found by.
    const found = (): string[] =>
      ["local.env", "databases.env", "run/edge-api.json"].map((name) => readFileSync(path.join(folder, name), "utf8"));
    const asItWas = found();
    const second = await start(await freePortBase());
    expect(await second.ended).toBe(1);
    expect(second.said()).toContain(`a system is already running in ${folder} (up.sh, process ${up.pid}`);
    expect(found()).toEqual(asItWas);
    expect(await healthOf(up)).toBe(200);

    for (const name of ["match-service", "mariadbd", "nginx", ...(findKafka() ? ["java"] : [])]) {
      const crashed = pidOf(name) as number;
      const others = running()
        .filter((one) => one.pid !== crashed && one.pid !== up.pid && !one.name.includes(name))
        .map((one) => one.pid);
      process.kill(crashed, "SIGKILL");
      await until(async () => {
        const now = pidOf(name);
        return now !== undefined && now !== crashed && (await healthOf(up)) === 200 ? undefined : `${name}: not mended`;
      }, 30_000);
      expect(
        running().map((one) => one.pid),
        name,
      ).toEqual(expect.arrayContaining(others));
    }

    // A match that fails ends the script, although its players' sockets are open.
    const smoke = spawn("sh", [path.join(paths.root, "scripts/smoke.sh"), "", "no-such-mode"], {
      env: { ...process.env, MUSTER_HOME: folder },
    });
    let smokeSaid = "";
    smoke.stdout.on("data", (chunk: Buffer) => (smokeSaid += chunk.toString()));
    let smokeCode: number | null | undefined;
    smoke.once("exit", (code) => (smokeCode = code));
    await until(() => (smokeCode === undefined ? "the failed smoke match goes on" : undefined), 30_000);
    expect(smokeCode).toBe(1);
    expect(smokeSaid, "without a URL it plays on this system").toContain("logged in and connected");

    up.kill("SIGINT");
    expect(await up.ended).toBe(0);
    expect(up.said()).toContain("stopped");
    expect(running()).toEqual([]);
  }, 120_000);

  it("leaves nothing behind even when it is killed itself, and the next start ends what a killed nginx left", async () => {
    const base = await freePortBase();
    const up = await start(base);
    await untilUp(up);
    const master = pidOf("nginx") as number;
    up.kill("SIGSTOP"); // it would start nginx anew
    process.kill(master, "SIGKILL"); // its workers stay, with the port
    up.kill("SIGKILL");
    await up.ended;
    const next = await start(base, {}, up.port);
    await untilUp(next);
    expect(next.said()).toContain("ending nginx");
    next.kill("SIGTERM");
    expect(await next.ended).toBe(0);
    await until(
      () =>
        running()
          .map((one) => one.name)
          .join() || undefined,
      30_000,
    );
  }, 120_000);

  it("Ctrl-C while it is still starting ends what has been started, at whatever moment", async () => {
    for (const seen of ["starting MariaDB", "starting edge-api"]) {
      const up = await start(await freePortBase());
      await until(() => (up.said().includes(seen) ? undefined : up.said()), 30_000);
      if (seen === "starting MariaDB")
        await until(() => (pidOf("mariadbd") ? undefined : `no MariaDB yet: ${up.said()}`), 30_000);
      up.kill("SIGINT");
      expect(await up.ended).toBe(0);
      expect(up.said()).toContain("stopped");
      expect(running()).toEqual([]);
    }
  }, 60_000);

  it("says which setting chooses a port that is taken, before it starts anything", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const up = await start(await freePortBase(), { MUSTER_TLS_PORT: String(port) });
    expect(await up.ended).toBe(1);
    expect(up.said()).toContain(
      `port ${port} (MUSTER_INGRESS_TLS_PORT) is taken by another program: choose another with MUSTER_TLS_PORT`,
    );
    expect(readdirSync(folder)).not.toContain("mariadb");
    server.close();
  }, 60_000);

  it("ends with what is wrong when a service cannot ever start, instead of starting it for ever", async () => {
    const up = await start(await freePortBase(), { IDENTITY_KEY_ENCRYPTION_KEY: "no key" });
    expect(await up.ended).toBe(1);
    expect(up.said()).toContain("IDENTITY_KEY_ENCRYPTION_KEY");
    expect(running()).toEqual([]);
  }, 60_000);

  it("keeps the password of the database's root in a file of its own, and takes over a folder with another one", async () => {
    const dataDir = path.join(folder, "data");
    const port = await freePort();
    const adminUrls: string[] = [];
    for (let i = 0; i < 2; i++) {
      const server = await startMariadb({ dataDir, port, durable: false });
      adminUrls.push(server.adminUrl);
      const { hostname, password } = new URL(server.adminUrl);
      const admin = await createConnection({ host: hostname, port, user: "root", password });
      await admin.end();
      await expect(createConnection({ host: hostname, port, user: "root", password: "" })).rejects.toThrow("denied");
      await server.stop();
      expect(statSync(`${dataDir}.password`).mode & 0o777).toBe(0o600);
      if (i === 0) rmSync(`${dataDir}.password`);
    }
    expect(adminUrls[0]).not.toBe(adminUrls[1]);
  }, 60_000);
});
