import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { makeFolders } from "./folders.ts";
import { type Child, spawnListening } from "./child.ts";
import { nginxArguments, writeIngressGateways } from "./ingress-gateways.ts";
import { type IngressLimits, ingressLimits } from "./ingress-limits.ts";
import { inPath } from "./mariadb.ts";
import { paths } from "./paths.ts";

export interface NginxServer {
  readonly url: string;
  readonly child: Child;
  stop(): Promise<void>;
}

export interface NginxOptions {
  /** Folder for its configuration and temporary files. */
  readonly prefix: string;
  readonly port: number;
  /** host:port */
  readonly edgeAddress: string;
  readonly gatewayAddress: string;
  /** Other gateways, beside that one. */
  readonly moreGateways?: readonly string[];
  /** The name under which players come; what upstreams get as Host. Default localhost. */
  readonly publicHost?: string;
  /** TLS and HTTP/2 on a port of its own. */
  readonly tls?: { readonly port: number; readonly certificate: string; readonly key: string } | undefined;
  /** The folder of the player's page, as page.ts builds it. Default: there is no page, and edge-api answers everything. */
  readonly webRoot?: string | undefined;
  readonly onLine?: (line: string) => void;
  /** set_real_ip_from and the like: default none. */
  readonly realIpDirectives?: string;
  /** Default: for 20,000 players' sockets, as many as a gateway takes, or what this machine's file limit allows. */
  readonly limits?: Partial<IngressLimits>;
}

export const NGINX_START_MS = 10_000;

export function findNginx(): string | undefined {
  return inPath("nginx");
}

/** @throws Error with what nginx said when it does not start. */
export async function startNginx(options: NginxOptions): Promise<NginxServer> {
  const { port, onLine } = options;
  const child = await spawnListening(
    { port, withinMs: NGINX_START_MS },
    { name: "nginx", ...nginxCommand(options), ...(onLine && { onLine }) },
  );
  return { url: `http://127.0.0.1:${port}`, child, stop: () => child.stop() };
}

/** What starts it. Writes its configuration. */
export function nginxCommand(options: NginxOptions): { command: string; args: string[] } {
  const nginx = findNginx();
  if (!nginx) throw new Error("nginx is not installed: apt-get install nginx-light");
  const { prefix, port } = options;
  makeFolders(path.join(prefix, "tmp"));
  const limits = { ...ingressLimits(), ...options.limits };
  const config = readFileSync(paths.nginxTemplate, "utf8")
    .replace("${USER_DIRECTIVE}", process.getuid?.() === 0 ? "user root;" : "")
    .replaceAll("${EDGE_ADDRESS}", options.edgeAddress)
    .replaceAll("${PUBLIC_HOST}", options.publicHost ?? "localhost")
    .replace("${FILES_MAX}", String(limits.filesMax))
    .replace("${WORKER_CONNECTIONS}", String(limits.workerConnections))
    .replace("${CONNECTIONS_PER_ADDRESS_MAX}", String(limits.connectionsPerAddressMax))
    .replace("${REQUESTS_PER_S_PER_ADDRESS}", String(limits.requestsPerSPerAddress))
    .replace("${REQUESTS_BURST_PER_ADDRESS}", String(limits.requestsPerSPerAddress * 2))
    .replace("${LISTEN_ADDRESS}", String(port))
    .replaceAll("${REDIRECT_PLAIN}", "0")
    .replace("${REAL_IP_DIRECTIVES}", options.realIpDirectives ?? "")
    .replace("${TLS_DIRECTIVES}", tlsDirectives(options.tls));
  writeFileSync(path.join(prefix, "nginx.conf"), config);
  writeFileSync(path.join(prefix, "page.conf"), pageLocations(options.webRoot));
  writeIngressGateways(prefix, [options.gatewayAddress, ...(options.moreGateways ?? [])]);
  return { command: nginx, args: nginxArguments(prefix) };
}

function tlsDirectives(tls: NginxOptions["tls"]): string {
  if (!tls) return "";
  return `listen ${tls.port} ssl http2; ssl_certificate "${tls.certificate}"; ssl_certificate_key "${tls.key}";`;
}

function pageLocations(webRoot: string | undefined): string {
  return webRoot === undefined ? "" : readFileSync(paths.pageTemplate, "utf8").replaceAll("${WEB_ROOT}", webRoot);
}
