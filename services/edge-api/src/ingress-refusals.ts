// Counts the requests that the ingress refuses by itself: they reach none of our processes. nginx sends one datagram per
// refusal (syslog, to the REST port over UDP). Datagrams that the kernel dropped are counted too, from the kernel's own
// counter.
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { readFile } from "node:fs/promises";
import { BlockList, isIPv6 } from "node:net";
import type { Logger } from "@muster/log";
import type { Component, Metrics } from "@muster/runtime";
import { Counter } from "prom-client";

export type Refusal =
  /** Over the rate of requests of one address. */
  | "requests"
  /** Over the connections of one address. */
  | "connections"
  /** No connections or files are left in the ingress: each second of it (connections that wait for a request are closed for new ones), and each that got none. */
  | "full"
  /** What is behind the ingress could not be reached, or did not answer. */
  | "unreachable"
  /** The request did not come in time. */
  | "slow"
  | "tooLarge"
  /** The client went before there was an answer. */
  | "givenUp"
  | "notServed"
  | "malformed";

export interface IngressRefusals extends Component {
  /** Of datagrams; 0 before it is started, or when the port could not be had. */
  readonly port: number;
}

interface Parts {
  readonly host: string;
  /** Known when the part before it has started. */
  readonly port: () => number;
  /** Only what the ingress sends is counted. */
  readonly ingress: readonly string[];
  readonly metrics: Metrics;
  readonly log: Logger;
}

const BY_STATUS: ReadonlyMap<number, Refusal> = new Map([
  [404, "notServed"],
  [408, "slow"],
  [413, "tooLarge"],
  [499, "givenUp"],
  [500, "full"],
  [502, "unreachable"],
  [503, "unreachable"],
  [504, "unreachable"],
]);
/** As the kernel allows: mostly a few hundred datagrams. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

/** `line`: of nginx' access log (format `refusal` of its configuration) or of its error log. */
export function refusalOf(line: string): Refusal | undefined {
  const found = /: refused (\d{3}) (\S+) (\S+)$/.exec(line);
  if (!found) return /worker_connections are not enough|Too many open files/.test(line) ? "full" : undefined;
  const [, status, requests, connections] = found;
  if (requests === "REJECTED") return "requests";
  if (connections === "REJECTED") return "connections";
  return BY_STATUS.get(Number(status)) ?? "malformed";
}

export function createIngressRefusals({ host, port, ingress, metrics, log }: Parts): IngressRefusals {
  const refused = new Counter({
    name: "edge_ingress_refusals_total",
    help: "Requests that the ingress refused itself: over the limit of an address, over its own limits, or because no process behind it answered",
    labelNames: ["why"],
    registers: [metrics],
  });
  let socket: Socket | undefined;
  let bound = 0;
  new Counter({
    name: "edge_ingress_refusals_lost_total",
    help: "Reports of refusals by the ingress that arrived faster than edge-api read them; edge_ingress_refusals_total does not include them",
    registers: [metrics],
    async collect() {
      this.reset();
      this.inc(bound === 0 ? 0 : await droppedAt(bound));
    },
  });
  const trusted = listOf(ingress);
  const onMessage = (message: Buffer, { address, family }: RemoteInfo): void => {
    if (!trusted.check(address, family === "IPv6" ? "ipv6" : "ipv4")) return;
    const why = refusalOf(message.toString("latin1"));
    if (why !== undefined) refused.inc({ why });
  };
  return {
    name: "ingress refusals",
    get port() {
      return bound;
    },
    async start() {
      socket = createSocket({ type: isIPv6(host) ? "udp6" : "udp4", recvBufferSize: RECEIVE_BUFFER_BYTES });
      socket.on("message", onMessage);
      // Whoever serves players does not stop serving them because something is not counted.
      socket.on("error", (err) => log.error({ err, port: port() }, "refusals by the ingress are not being counted"));
      const listening = new Promise<void>((resolve) => {
        socket?.once("listening", resolve).once("error", () => resolve());
      });
      socket.bind({ port: port(), address: host });
      await listening;
      bound = isListening(socket) ? socket.address().port : 0;
    },
    async stop() {
      bound = 0;
      if (socket && isListening(socket)) await socket[Symbol.asyncDispose]();
    },
  };
}

function isListening(socket: Socket): boolean {
  try {
    return socket.address().port > 0;
  } catch {
    return false; // it could not be bound
  }
}

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", bits] = network.split("/");
    const family = isIPv6(address) ? "ipv6" : "ipv4";
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

/** Datagrams that the kernel threw away because they were not read in time. Linux says so; elsewhere 0. */
async function droppedAt(port: number): Promise<number> {
  const tables = await Promise.all(
    ["/proc/net/udp", "/proc/net/udp6"].map((file) => readFile(file, "utf8").catch(() => "")),
  );
  const local = port.toString(16).toUpperCase().padStart(4, "0");
  let dropped = 0;
  for (const line of tables.join("\n").split("\n")) {
    const columns = line.trim().split(/\s+/);
    if (columns[1]?.endsWith(`:${local}`)) dropped += Number(columns.at(-1));
  }
  return dropped;
}
