// How the ingress is sized: by the number of players' sockets, and by the limits of this machine.
import { readFileSync } from "node:fs";

export interface IngressLimits {
  /** Players' sockets that fit. */
  readonly socketsMax: number;
  readonly filesMax: number;
  readonly workerConnections: number;
  /** Connections and requests of one address (IPv6: /64): many players may share one. */
  readonly connectionsPerAddressMax: number;
  readonly requestsPerSPerAddress: number;
}

/** As GATEWAY_CONNECTIONS_MAX by default. */
export const SOCKETS_DEFAULT = 20_000;
/** A player's socket is two connections: the player's, and the one to the gateway. */
const CONNECTIONS_PER_SOCKET = 2;
/** For requests, and for the files that nginx has open besides. */
const OTHER_CONNECTIONS = 2048;
const OTHER_FILES = 512;
const REQUESTS_PER_S_PER_ADDRESS = 200;
/** A fifth of all sockets may come from one address. */
const SHARE_PER_ADDRESS = 5;
/** Connections that wait to be accepted: `backlog` of the template. */
const BACKLOG = 4096;

/** What this machine lets one process and its connections have. */
export interface Machine {
  /** Hard limit of open files per process. */
  readonly filesMax: number;
  /** net.ipv4.ip_local_port_range */
  readonly ports: number;
  /** net.core.somaxconn */
  readonly backlogMax: number;
}

export function thisMachine(): Machine {
  const [first = 0, last = 0] = kernel("net/ipv4/ip_local_port_range");
  return { filesMax: filesLimit(), ports: last - first, backlogMax: kernel("net/core/somaxconn")[0] ?? 0 };
}

/** @param filesAllowed the hard limit of open files per process; default: this process's */
export function ingressLimits(filesAllowed: number = filesLimit(), sockets: number = SOCKETS_DEFAULT): IngressLimits {
  const wanted = sockets * CONNECTIONS_PER_SOCKET + OTHER_CONNECTIONS;
  const workerConnections = Math.min(wanted, filesAllowed - OTHER_FILES);
  const socketsMax = Math.max(0, Math.floor((workerConnections - OTHER_CONNECTIONS) / CONNECTIONS_PER_SOCKET));
  return {
    socketsMax,
    filesMax: workerConnections + OTHER_FILES,
    workerConnections,
    connectionsPerAddressMax: Math.max(1024, Math.ceil(socketsMax / SHARE_PER_ADDRESS)),
    requestsPerSPerAddress: REQUESTS_PER_S_PER_ADDRESS,
  };
}

/** What to tell who starts it: a line for each thing of which `sockets` players need more. */
export function ingressShortages(sockets: number, machine: Machine = thisMachine()): string[] {
  const { socketsMax } = ingressLimits(machine.filesMax, sockets);
  const lines: string[] = [];
  if (socketsMax < sockets)
    lines.push(
      `a process may open at most ${machine.filesMax} files on this machine (ulimit -Hn): the ingress accepts ${socketsMax} players' sockets, not ${sockets}`,
    );
  if (machine.ports < sockets)
    lines.push(
      `this machine has ${machine.ports} ports for outgoing connections (net.ipv4.ip_local_port_range): ${sockets} players' sockets need that many connections from the ingress to a gateway`,
    );
  if (machine.backlogMax < BACKLOG)
    lines.push(
      `at most ${machine.backlogMax} connections can wait to be accepted (net.core.somaxconn), not ${BACKLOG}: when many players connect at once, some are refused`,
    );
  return lines;
}

function kernel(name: string): number[] {
  return readFileSync(`/proc/sys/${name}`, "utf8").trim().split(/\s+/).map(Number);
}

function filesLimit(): number {
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
  return hard === undefined || hard === "unlimited" ? Number.MAX_SAFE_INTEGER : Number(hard);
}
