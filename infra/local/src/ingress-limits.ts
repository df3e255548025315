// What the ingress is sized for: one number, the players' sockets, and what this machine lets one process have.
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

/** As GATEWAY_CONNECTIONS_MAX. */
const SOCKETS = 20_000;
/** A player's socket is two connections: the player's, and the one to the gateway. */
const CONNECTIONS_PER_SOCKET = 2;
/** For requests, and for the files that nginx has open besides. */
const OTHER_CONNECTIONS = 2048;
const OTHER_FILES = 512;
const REQUESTS_PER_S_PER_ADDRESS = 200;
/** A fifth of all sockets may come from one address. */
const SHARE_PER_ADDRESS = 5;

/** @param filesAllowed the hard limit of open files per process; default: this process's */
export function ingressLimits(filesAllowed: number = filesLimit()): IngressLimits {
  const wanted = SOCKETS * CONNECTIONS_PER_SOCKET + OTHER_CONNECTIONS;
  const workerConnections = Math.min(wanted, filesAllowed - OTHER_FILES);
  const socketsMax = Math.floor((workerConnections - OTHER_CONNECTIONS) / CONNECTIONS_PER_SOCKET);
  return {
    socketsMax,
    filesMax: workerConnections + OTHER_FILES,
    workerConnections,
    connectionsPerAddressMax: Math.max(1024, Math.ceil(socketsMax / SHARE_PER_ADDRESS)),
    requestsPerSPerAddress: REQUESTS_PER_S_PER_ADDRESS,
  };
}

/** What to tell who starts it; undefined when everything fits. */
export function ingressShortage({ socketsMax }: IngressLimits): string | undefined {
  return socketsMax >= SOCKETS
    ? undefined
    : `one process may have ${filesLimit()} files open here (ulimit -Hn): the ingress takes ${socketsMax} players' sockets, not ${SOCKETS}`;
}

function filesLimit(): number {
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
  return hard === undefined || hard === "unlimited" ? Number.MAX_SAFE_INTEGER : Number(hard);
}
