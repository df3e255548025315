import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type Child, spawnChild } from "./child.ts";
import { inPath } from "./mariadb.ts";
import { paths } from "./paths.ts";
import { waitForPort } from "./ports.ts";

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
  /** The name under which players come; what upstreams get as Host. Default localhost. */
  readonly publicHost?: string;
  /** TLS and HTTP/2 on a port of its own. */
  readonly tls?: { readonly port: number; readonly certificate: string; readonly key: string } | undefined;
  readonly onLine?: (line: string) => void;
}

export const NGINX_START_MS = 10_000;

export function findNginx(): string | undefined {
  return inPath("nginx");
}

/** @throws Error with what nginx said when it does not start. */
export async function startNginx(options: NginxOptions): Promise<NginxServer> {
  const said: string[] = [];
  const child = spawnChild({
    name: "nginx",
    ...nginxCommand(options),
    onLine: (line) => {
      said.push(line);
      if (said.length > 20) said.shift();
      options.onLine?.(line);
    },
  });
  await waitForPort(options.port, NGINX_START_MS, () => child.ended && `nginx ${child.ended}:\n${said.join("\n")}`);
  return { url: `http://127.0.0.1:${options.port}`, child, stop: () => child.stop() };
}

/** What starts it. Writes its configuration. */
export function nginxCommand(options: NginxOptions): { command: string; args: string[] } {
  const nginx = findNginx();
  if (!nginx) throw new Error("nginx is not installed: apt-get install nginx-light");
  const { prefix, port } = options;
  mkdirSync(path.join(prefix, "tmp"), { recursive: true });
  const config = readFileSync(paths.nginxTemplate, "utf8")
    .replace("${USER_DIRECTIVE}", process.getuid?.() === 0 ? "user root;" : "")
    .replace("${EDGE_ADDRESS}", options.edgeAddress)
    .replace("${GATEWAY_ADDRESS}", options.gatewayAddress)
    .replace("${PUBLIC_HOST}", options.publicHost ?? "localhost")
    .replace("${LISTEN_ADDRESS}", String(port))
    .replace("${REAL_IP_DIRECTIVES}", "")
    .replace("${TLS_DIRECTIVES}", tlsDirectives(options.tls));
  writeFileSync(path.join(prefix, "nginx.conf"), config);
  return { command: nginx, args: ["-p", `${prefix}/`, "-e", "stderr", "-c", "nginx.conf"] };
}

function tlsDirectives(tls: NginxOptions["tls"]): string {
  if (!tls) return "";
  return `listen ${tls.port} ssl http2; ssl_certificate ${tls.certificate}; ssl_certificate_key ${tls.key};`;
}
