// One system per folder: two would share a database's files, and each would lose track of what the other one started. A
// running system owns an abstract socket (unix(7)) named after the folder: the kernel gives it to only one process, and frees
// it however that process ends. The socket also tells others who owns it.
import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";
import { connect, createServer } from "node:net";
import { makeFolders } from "./folders.ts";
import { paths } from "./paths.ts";

export interface HomeHolder {
  readonly pid: number;
  /** Under `pnpm -r dev` it is MariaDB and nginx that hold it; the services are processes of their own. */
  readonly by: "up.sh" | "pnpm -r dev";
  readonly ingressPort: number;
  readonly portBase: number;
  /** Of `pnpm -r dev`, once MariaDB and nginx are up and every port that the services want was free, or why they are not. */
  servers?: "up" | { readonly failed: string };
}

const ANSWERS_WITHIN_MS = 1000;

/** Claims the folder for as long as this process runs; `holder` is what others are told. @throws Error if another system runs in it */
export async function claimHome(holder: HomeHolder): Promise<void> {
  makeFolders(paths.home);
  if (process.platform !== "linux") return; // only Linux has such sockets
  const server = createServer((socket) => {
    socket.on("error", () => undefined); // who asked has gone
    socket.end(JSON.stringify(holder));
  });
  const taken = await new Promise<boolean>((resolve, reject) => {
    server.once("error", (err: NodeJS.ErrnoException) => (err.code === "EADDRINUSE" ? resolve(true) : reject(err)));
    server.listen({ path: nameOf(paths.home) }, () => resolve(false));
  });
  if (taken) throw new Error(refusal(await homeHolder()));
  server.unref();
}

/** Who runs a system in this folder; undefined when nobody does, or does not say so. */
export async function homeHolder(): Promise<HomeHolder | undefined> {
  makeFolders(paths.home);
  if (process.platform !== "linux") return undefined;
  const text = await new Promise<string>((resolve) => {
    let said = "";
    const socket = connect({ path: nameOf(paths.home) });
    socket.setTimeout(ANSWERS_WITHIN_MS, () => socket.destroy());
    socket.on("data", (chunk: Buffer) => (said += chunk.toString()));
    socket.on("error", () => undefined); // nobody is there
    socket.on("close", () => resolve(said));
  });
  return text === "" ? undefined : (JSON.parse(text) as HomeHolder);
}

export function refusal(holder: HomeHolder | undefined): string {
  const who = holder ? ` (${holder.by}, process ${holder.pid}, http://localhost:${holder.ingressPort})` : "";
  return `a system is already running in ${paths.home}${who}: stop it first. To run a second one, give it its own folder and ports: MUSTER_HOME, MUSTER_PORT and MUSTER_PORT_BASE`;
}

function nameOf(folder: string): string {
  return `\0muster-home-${createHash("sha256").update(realpathSync(folder)).digest("hex")}`;
}
