// The gateways behind the ingress. They are in a separate file included by nginx's configuration, so that adding one takes a
// line and a reload.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { inPath } from "./mariadb.ts";

const FILE = "gateways.conf";
/** How long an unreachable gateway is skipped; the others get its sockets meanwhile. As in ingress.sh. */
const AWAY_S = 2;
/** host:port, an IPv6 address in brackets. */
const ADDRESS = /^([A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\]):\d{1,5}$/;

/** @throws Error if an address is not host:port, or if there is none */
export function writeIngressGateways(prefix: string, addresses: readonly string[]): void {
  if (addresses.length === 0) throw new Error("the ingress needs at least one gateway");
  const wrong = addresses.find((address) => !ADDRESS.test(address));
  if (wrong !== undefined) throw new Error(`${wrong} is not host:port`);
  const text = [...new Set(addresses)].map((address) => `server ${address} fail_timeout=${AWAY_S}s;\n`).join("");
  const file = path.join(prefix, FILE);
  writeFileSync(`${file}.${process.pid}`, text);
  renameSync(`${file}.${process.pid}`, file);
}

export function readIngressGateways(prefix: string): string[] {
  const file = path.join(prefix, FILE);
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  return [...text.matchAll(/^server (\S+) /gm)].map((found) => found[1] as string);
}

/** New sockets go by the new configuration; those that are open stay. @throws Error with what nginx says against it */
export function reloadNginx(prefix: string): void {
  for (const more of [
    ["-t", "-q"],
    ["-s", "reload"],
  ]) {
    const done = spawnSync(inPath("nginx") ?? "nginx", [...nginxArguments(prefix), ...more], { encoding: "utf8" });
    if (done.status !== 0) throw new Error(`nginx ${more.join(" ")}: ${done.error?.message ?? done.stderr.trim()}`);
  }
}

export function nginxArguments(prefix: string): string[] {
  return ["-p", `${prefix}/`, "-e", "stderr", "-c", "nginx.conf"];
}

/** Beside the local system's own: host:port, separated by spaces or commas. */
export function moreGateways(text: string = process.env["MUSTER_MORE_GATEWAYS"] ?? ""): string[] {
  return text.split(/[\s,]+/).filter((address) => address !== "");
}
