// MariaDB and nginx of the local system, or the servers that the environment names instead.
import path from "node:path";
import { answers } from "./ports.ts";
import type { LocalEnvironment } from "./environment.ts";
import { type MariadbServer, privateAdminUrl, startMariadb } from "./mariadb.ts";
import { localCertificate } from "./certificate.ts";
import { type NginxServer, startNginx } from "./nginx.ts";
import { paths } from "./paths.ts";
import { DATABASE_OWNERS, databaseVariables, provision } from "./provision.ts";

const DATABASE_SUFFIX = "dev";

export interface Infrastructure {
  readonly mariadb: MariadbServer | undefined;
  readonly nginx: NginxServer;
  /** Environment variables with the database URLs. */
  readonly databaseUrls: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/**
 * An existing MariaDB instead of a private one: MUSTER_DB_URL (mysql://admin:password@host:port/), where databases and
 * users are made; or IDENTITY_DB_URL, MATCH_DB_URL and CHAT_DB_URL, which are used as they are.
 */
export async function startInfrastructure(
  env: LocalEnvironment,
  onLine: (name: string, line: string) => void,
): Promise<Infrastructure> {
  const existing = usesExistingDatabase();
  const mariadbPort = Number(env["MUSTER_MARIADB_PORT"]);
  const [ingressPort, tlsPort] = [Number(env["MUSTER_INGRESS_PORT"]), Number(env["MUSTER_INGRESS_TLS_PORT"])];
  await refuseTaken(existing ? [] : [mariadbPort], [ingressPort, tlsPort]);
  const mariadb = existing
    ? undefined
    : await startMariadb({
        dataDir: paths.mariadbData,
        port: mariadbPort,
        durable: true,
        onLine: (line) => onLine("mariadb", line),
      });
  try {
    const databaseUrls = await databaseUrlsFor(env);
    const nginx = await startNginx({
      prefix: paths.nginx,
      port: ingressPort,
      tls: { port: tlsPort, ...localCertificate(path.join(paths.home, "tls")) },
      edgeAddress: `127.0.0.1:${env["EDGE_PORT"]}`,
      gatewayAddress: `127.0.0.1:${env["GATEWAY_PORT"]}`,
      onLine: (line) => onLine("nginx", line),
    });
    return {
      mariadb,
      nginx,
      databaseUrls,
      async stop() {
        await nginx.stop();
        await mariadb?.stop();
      },
    };
  } catch (err) {
    await mariadb?.stop();
    throw err;
  }
}

export function usesExistingDatabase(): boolean {
  return Boolean(process.env["MUSTER_DB_URL"]) || givenDatabaseUrls() !== undefined;
}

/** The URLs under which the services find their databases, which exist afterwards; the same every time. */
export async function databaseUrlsFor(
  env: Readonly<Record<string, string | undefined>>,
): Promise<Record<string, string>> {
  const given = givenDatabaseUrls();
  if (given) return given;
  const adminUrl = process.env["MUSTER_DB_URL"] || privateAdminUrl(Number(env["MUSTER_MARIADB_PORT"]));
  const users = Object.values(DATABASE_OWNERS).map(({ user }) => user);
  const passwords = Object.fromEntries(
    users.map((user) => [user, env[`MUSTER_DB_PASSWORD_${user.toUpperCase()}`] as string]),
  );
  const urls = await provision({ adminUrl, suffix: DATABASE_SUFFIX, passwords });
  return databaseVariables(urls);
}

function givenDatabaseUrls(): Record<string, string> | undefined {
  const names = Object.values(DATABASE_OWNERS).map(({ variable }) => variable);
  const given = names.flatMap((name) => (process.env[name] ? [[name, process.env[name]] as const] : []));
  if (given.length === 0) return undefined;
  if (given.length < names.length) throw new Error(`set all of ${names.join(", ")}, or none`);
  return Object.fromEntries(given) as Record<string, string>;
}

async function refuseTaken(privatePorts: readonly number[], ingress: readonly number[]): Promise<void> {
  for (const port of [...privatePorts, ...ingress]) {
    if (!(await answers(port))) continue;
    const name = ingress.includes(port) ? "MUSTER_PORT" : "MUSTER_PORT_BASE";
    throw new Error(
      `port ${port} is taken: is Muster running already? Stop it, or choose another with ${name} (see ${path.basename(paths.environment)})`,
    );
  }
}
