import { createConnection } from "mariadb";

export interface DatabaseOwner {
  /** Database names are `<prefix>_<suffix>`; the user is granted exactly that pattern. */
  readonly prefix: string;
  readonly user: string;
  /** Environment variable with the URL. */
  readonly variable: string;
}

/** The services that own tables. */
export const DATABASE_OWNERS = {
  "identity-service": { prefix: "identity", user: "identity", variable: "IDENTITY_DB_URL" },
  "match-service": { prefix: "match", user: "matches", variable: "MATCH_DB_URL" },
  "chat-service": { prefix: "chat", user: "chat", variable: "CHAT_DB_URL" },
} as const satisfies Record<string, DatabaseOwner>;

/** As the services read them. */
export function databaseVariables(
  urls: Readonly<Record<keyof typeof DATABASE_OWNERS, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(DATABASE_OWNERS).map(([service, { variable }]) => [
      variable,
      urls[service as keyof typeof DATABASE_OWNERS],
    ]),
  );
}

export interface ProvisionOptions {
  readonly adminUrl: string;
  readonly suffix: string;
  /** By user. */
  readonly passwords: Readonly<Record<string, string>>;
}

/**
 * Makes a database per service and a user per service that may use databases of its own pattern only. Safe to run
 * again.
 * @returns the URL of each service's database, by service name.
 */
export async function provision({
  adminUrl,
  suffix,
  passwords,
}: ProvisionOptions): Promise<Record<keyof typeof DATABASE_OWNERS, string>> {
  if (!/^[a-z0-9_]{1,32}$/.test(suffix))
    throw new Error(`${suffix} is no database suffix: lower-case letters, digits, underscore`);
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
    for (const [service, { prefix, user }] of Object.entries(DATABASE_OWNERS)) {
      const password = passwords[user];
      if (!password) throw new Error(`no password for the database user ${user}`);
      await connection.query(
        `create database if not exists \`${prefix}_${suffix}\` character set utf8mb4 collate utf8mb4_unicode_ci`,
      );
      await connection.query(`create user if not exists ?@'%' identified by ?`, [user, password]);
      await connection.query(`alter user ?@'%' identified by ?`, [user, password]);
      await connection.query(`grant all privileges on \`${prefix}\\_%\`.* to ?@'%'`, [user]);
      urls[service] =
        `mysql://${user}:${encodeURIComponent(password)}@${admin.hostname}:${admin.port || 3306}/${prefix}_${suffix}`;
    }
    return urls as Record<keyof typeof DATABASE_OWNERS, string>;
  } finally {
    await connection.end();
  }
}
