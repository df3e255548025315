// Servers of tests in containers, by Testcontainers. Nothing is pulled: an image is there, or a container is none of the possible places.
import { request } from "node:http";
import type { Readable } from "node:stream";

const ENGINE_ANSWERS_WITHIN_MS = 1000;
const REAPER = "testcontainers/ryuk:0.14.0";
/** By which scripts/test.sh --containers finds what a run that was killed has left. */
const RUN_LABEL = "muster.test-run";

export interface ContainerOptions {
  readonly image: string;
  readonly env?: Readonly<Record<string, string>>;
  /** After the image's entry point. The server listens on the loopback of this machine: the container has no network of its own. */
  readonly command: readonly string[];
  readonly files?: readonly { readonly content: string; readonly target: string }[]; // readable by everyone
  readonly onLine?: (line: string) => void;
}

export interface RunningContainer {
  /** Of its first process, as this machine counts them. */
  pid(): Promise<number>;
  /** Waits for what `ready` does. @throws Error with what the container said, when it has ended or `ready` throws */
  untilReady(ready: (failed: () => string | undefined) => Promise<void>): Promise<void>;
  /** SIGKILL; resolves when it is gone. Its files stay. */
  kill(): Promise<void>;
  signal(signal: NodeJS.Signals): Promise<void>;
  /** After `kill`: with the same files. It may not listen yet. */
  start(): Promise<void>;
  /** SIGTERM, and its files are gone. */
  stop(): Promise<void>;
}

/**
 * Where a server of tests runs. MUSTER_TEST_CONTAINERS=1 wants a container and 0 none, whatever there is; else it is a process, where the program is
 * installed.
 * @throws Error when a container is wanted and there is no engine with the image
 */
export async function runsInContainer(image: string, isInstalled: boolean): Promise<boolean> {
  const wanted = process.env["MUSTER_TEST_CONTAINERS"];
  if (wanted === "0" || (wanted !== "1" && isInstalled)) return false;
  if (await hasImage(image)) return true;
  if (wanted === "1")
    throw new Error(`MUSTER_TEST_CONTAINERS=1, but no container engine has ${image}: scripts/test.sh --containers`);
  return false;
}

const SAID_LINES = 40;

/** Resolves when it runs; it may not listen yet. */
export async function startContainer(options: ContainerOptions): Promise<RunningContainer> {
  // The reaper is an image too; without it a crash of the tests leaves the container behind.
  if (!(await hasImage(REAPER))) process.env["TESTCONTAINERS_RYUK_DISABLED"] = "true";
  const { GenericContainer, getContainerRuntimeClient, Wait } = await import("testcontainers");
  const { image, env = {}, command, files = [], onLine } = options;
  const started = await new GenericContainer(image)
    .withEnvironment({ ...env })
    .withCommand([...command])
    .withNetworkMode("host")
    .withCopyContentToContainer(files.map((file) => ({ ...file, mode: 0o644 })))
    .withLabels({ [RUN_LABEL]: process.env["MUSTER_TEST_RUN"] ?? "none" })
    .withWaitStrategy(Wait.forSuccessfulCommand("true"))
    .start();
  const container = (await getContainerRuntimeClient()).container.getById(started.getId());
  const said: string[] = [];
  let ended = false;
  const follow = async (): Promise<void> => {
    ended = false;
    const logs: Readable = await started.logs();
    logs.on("line", (line: string) => {
      said.push(line.trimEnd());
      if (said.length > SAID_LINES) said.shift();
      onLine?.(line.trimEnd());
    });
    logs.once("end", () => (ended = true));
  };
  await follow();
  return {
    async untilReady(ready) {
      try {
        await ready(() => (ended ? "the container has ended" : undefined));
      } catch (err) {
        throw new Error(`${image}: ${(err as Error).message}; it said:\n${said.join("\n")}`, { cause: err });
      }
    },
    pid: async () => (await container.inspect()).State.Pid,
    async kill() {
      await container.kill({ signal: "SIGKILL" });
      await container.wait();
    },
    signal: async (signal) => void (await container.kill({ signal })),
    async start() {
      await container.start();
    },
    async stop() {
      await started.stop();
    },
  };
}

/** Asks the engine at DOCKER_HOST (unix:// only), or at its usual socket. */
function hasImage(image: string): Promise<boolean> {
  const host = process.env["DOCKER_HOST"] ?? "unix:///var/run/docker.sock";
  if (!host.startsWith("unix://")) return Promise.resolve(false);
  return new Promise((resolve) => {
    const asked = request(
      {
        socketPath: host.slice("unix://".length),
        path: `/images/${encodeURIComponent(image)}/json`,
        timeout: ENGINE_ANSWERS_WITHIN_MS,
      },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode === 200);
      },
    );
    asked.once("timeout", () => asked.destroy());
    asked.once("error", () => resolve(false)); // no engine
    asked.end();
  });
}
