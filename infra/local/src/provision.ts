import { createConnection } from "mariadb";
import { type DatabaseServiceName, databaseServices, databaseVariable } from "./services.ts";

/** URLs by service name, as the services read them. */
export function databaseVariables(urls: Readonly<Record<DatabaseServiceName, string>>): Record<string, string> {
  const byName: Readonly<Record<string, string>> = urls;
  return Object.fromEntries(databaseServices().map((row) => [databaseVariable(row), byName[row.name] as string]));
}

/** Environment variable with the password of a database user of the private MariaDB. */
export function passwordVariable(user: string): string {
  return `MUSTER_DB_PASSWORD_${user.toUpperCase()}`;
}

export interface ProvisionOptions {
  readonly adminUrl: string;
  readonly suffix: string;
  readonly passwordOf: (user: string) => string;
}

/**
 * Makes a database per service and a user per service that may use databases of its own pattern only. Safe to run
 * again.
 * @returns the URL of each service's database, by service name.
 */
export async function provision({
  adminUrl,
  suffix,
  passwordOf,
}: ProvisionOptions): Promise<Record<DatabaseServiceName, string>> {
  if (!/^[a-z0-9_]{1,32}$/.test(suffix))
    throw new Error(`${suffix} is not a valid database suffix: use lower-case letters, digits and underscores`);
  const admin = new URL(adminUrl);
  const connection = await createConnection({
    host: admin.hostname,
    port: Number(admin.port || 3306),
    user: decodeURIComponent(admin.username),
    password: decodeURIComponent(admin.password),
    connectTimeout: 3000,
  });
  try {
    const urls: Record<string, string> = {};
    for (const { name, database } of databaseServices()) {
      const { prefix, user } = database;
      const password = passwordOf(user);
      if (!password) throw new Error(`no password for the database user ${user}`);
      await connection.query(
        `create database if not exists \`${prefix}_${suffix}\` character set utf8mb4 collate utf8mb4_unicode_ci`,
      );
      await connection.query(`create user if not exists ?@'%' identified by ?`, [user, password]);
      await connection.query(`alter user ?@'%' identified by ?`, [user, password]);
      await connection.query(`grant all privileges on \`${prefix}\\_%\`.* to ?@'%'`, [user]);
      urls[name] =
        `mysql://${user}:${encodeURIComponent(password)}@${admin.hostname}:${admin.port || 3306}/${prefix}_${suffix}`;
    }
    return urls as Record<DatabaseServiceName, string>;
  } finally {
    await connection.end();
  }
}
