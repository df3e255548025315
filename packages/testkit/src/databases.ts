import { randomBytes } from "node:crypto";
import { provision } from "@muster/local";
import { createConnection } from "mariadb";
import { afterAll, describe, inject } from "vitest";

declare module "vitest" {
  export interface ProvidedContext {
    /** mysql://root:…/, empty when there is no MariaDB on this machine. */
    mariadbAdminUrl: string;
    hasNginx: boolean;
  }
}

/** `describe` for tests that need a MariaDB: skipped, and counted as skipped, where there is none. */
export const describeWithMariadb: typeof describe.skip =
  inject("mariadbAdminUrl") === "" ? describe.skip : (describe as typeof describe.skip);

/** The same for MariaDB and nginx. */
export const describeWithServers: typeof describe.skip =
  inject("mariadbAdminUrl") === "" || !inject("hasNginx") ? describe.skip : (describe as typeof describe.skip);

export function mariadbAdminUrl(): string {
  return inject("mariadbAdminUrl");
}

/** Empty databases of this caller's own, one per service, dropped when the test file ends. @returns URLs by service. */
export async function freshDatabases(): Promise<Awaited<ReturnType<typeof provision>>> {
  const adminUrl = inject("mariadbAdminUrl");
  const suffix = `test_${randomBytes(6).toString("hex")}`;
  const urls = await provision({ adminUrl, suffix, passwordOf: (user) => `test-${user}` });
  afterAll(async () => {
    const { hostname, port, username, password } = new URL(adminUrl);
    const admin = await createConnection({ host: hostname, port: Number(port), user: username, password });
    for (const url of Object.values(urls))
      await admin.query(`drop database if exists \`${new URL(url).pathname.slice(1)}\``);
    await admin.end();
  });
  return urls;
}
