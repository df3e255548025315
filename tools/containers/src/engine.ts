// podman with runc, as root, with its own configuration: the defaults of both fail where limits cannot be raised or both
// cgroup versions are mounted.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { until } from "@muster/runtime";
import { command } from "./command.ts";

const QUICK_MS = 120_000;

export interface RunOptions {
  readonly name: string;
  readonly image: string;
  readonly network: string;
  /** Of `podman run`, before the image. */
  readonly options: readonly string[];
  readonly args: readonly string[];
}

export class Engine {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;

  /** `folder`: for its configuration; images stay in the machine's own storage, so that a second run finds them. */
  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
    const configuration = path.join(folder, "containers.conf");
    const files = execFileSync("bash", ["-c", "ulimit -Hn"], { encoding: "utf8" }).trim();
    writeFileSync(
      configuration,
      `[containers]
default_ulimits = ["nofile=${files}:${files}", "nproc=4096:4096"]
[network]
network_backend = "netavark"
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
`,
    );
    this.env = { CONTAINERS_CONF: configuration };
  }

  podman(args: readonly string[], withinMs = QUICK_MS): Promise<string> {
    return command("podman", args, { env: this.env, withinMs });
  }

  async exists(kind: "image" | "container" | "network", name: string): Promise<boolean> {
    return this.podman([kind, "exists", name]).then(
      () => true,
      () => false, // exit code 1; an engine that does not answer fails at the next step
    );
  }

  async run({ name, image, network, options, args }: RunOptions): Promise<void> {
    await this.podman(["run", "--detach", "--name", name, "--network", network, ...options, image, ...args]);
  }

  /** The engine's Docker API, at a Unix socket, until the process is killed. Resolves when it listens. */
  async serve(socket: string): Promise<ChildProcess> {
    const service = spawn("podman", ["system", "service", "--time=0", `unix://${socket}`], {
      env: { ...process.env, ...this.env },
      stdio: "ignore", // it logs every client that hangs up
    });
    const failed = once(service, "exit").then(([code]) => {
      throw new Error(`podman system service ended with ${code}`);
    });
    await Promise.race([failed, until(() => (existsSync(socket) ? undefined : "no socket"), QUICK_MS)]);
    failed.catch(() => undefined); // it is killed in the end
    return service;
  }

  /** Ids, stopped ones included. */
  async containersWith(label: string, value: string): Promise<string[]> {
    const printed = await this.podman(["ps", "--all", "--quiet", "--filter", `label=${label}=${value}`]);
    return printed.split("\n").filter(Boolean);
  }

  /** IPv4, in the container's network. */
  async addressOf(container: string): Promise<string> {
    const format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
    return (await this.podman(["inspect", "--format", format, container])).trim();
  }

  /** As a kubelet or compose would: SIGTERM, then SIGKILL after the grace period. */
  async remove(container: string, graceS = 0): Promise<void> {
    await this.podman(["rm", "--force", "--ignore", "--time", String(graceS), container], QUICK_MS + graceS * 1000);
  }
}
