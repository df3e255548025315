import { createServer } from "node:net";
import type { LocalEnvironment } from "./environment.ts";

/** What chooses a port, when it is not MUSTER_PORT_BASE. */
const CHOSEN_BY: Readonly<Record<string, string>> = {
  MUSTER_INGRESS_PORT: "MUSTER_PORT",
  MUSTER_INGRESS_TLS_PORT: "MUSTER_TLS_PORT",
};

/** The variables with ports of a whole system, MariaDB, Kafka and nginx included. */
export function portVariables(env: LocalEnvironment): string[] {
  return Object.keys(env).filter((name) => name.endsWith("_PORT"));
}

/** @throws Error that names what chooses the first port that somebody else has, or that two of these would have */
export async function refuseTakenPorts(
  env: Readonly<Record<string, string | undefined>>,
  names: readonly string[],
): Promise<void> {
  const seen = new Map<number, string>();
  for (const name of names) {
    const port = Number(env[name]);
    if (port === 0) continue; // whichever is free
    const chooser = CHOSEN_BY[name] ?? "MUSTER_PORT_BASE";
    const twice = seen.get(port);
    if (twice !== undefined) throw new Error(`${twice} and ${name} are both ${port}: choose another with ${chooser}`);
    seen.set(port, name);
    // nginx listens on every address, the others on this machine's own one.
    if (await isTaken(port, name in CHOSEN_BY ? "0.0.0.0" : "127.0.0.1"))
      throw new Error(`port ${port} (${name}) is taken by another program: choose another with ${chooser}`);
  }
}

function isTaken(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    // Any other fault is the server's own to tell, when it starts.
    server.once("error", (err: NodeJS.ErrnoException) => resolve(err.code === "EADDRINUSE"));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(false)));
  });
}
