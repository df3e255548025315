import { connect, createServer } from "node:net";

/**
 * Below the range that the kernel takes ports for outgoing connections from, and below the blocks that whole systems have
 * theirs in (18,200 and above, by 100): neither can take one meanwhile.
 */
const [FREE_FROM, FREE_TO] = [10_000, 18_000];
const TRIES_MAX = 100;
/** Test files at work side by side pick from different parts of it: between looking and listening nobody else may pick the same. */
const LANES = 4;
const LANE_PORTS = (FREE_TO - FREE_FROM) / LANES;
/** What this process has picked and may not have listened on yet. */
const given = new Set<number>();

/** A port of 127.0.0.1 that nobody listens on; each one once per process. @throws Error when there seems to be none */
export async function freePort(): Promise<number> {
  const from = FREE_FROM + (Number(process.env["VITEST_POOL_ID"] ?? 0) % LANES) * LANE_PORTS;
  for (let i = 0; i < TRIES_MAX; i++) {
    const port = from + Math.floor(Math.random() * LANE_PORTS);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port between ${from} and ${from + LANE_PORTS} after ${TRIES_MAX} tries`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false)); // taken
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/** @throws Error when nothing listens within `timeoutMs`, or `failed` says why it never will. */
export async function waitForPort(
  port: number,
  timeoutMs: number,
  failed: () => string | undefined = () => undefined,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await answers(port))) {
    const reason = failed();
    if (reason) throw new Error(reason);
    if (performance.now() > deadline) throw new Error(`nothing listens on port ${port} after ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

export async function answers(port: number, host = "127.0.0.1"): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
