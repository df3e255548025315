import { type Connection, createConnection, createPool, type Pool } from "mariadb";

/** Times are UTC on both sides, numbers that fit are numbers, a statement may take an hour. */
function optionsOf(url: string): object {
  const { hostname, port, username, password, pathname } = new URL(url);
  return {
    host: hostname,
    port: Number(port || 3306),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    ...(pathname.length > 1 ? { database: pathname.slice(1) } : {}),
    timezone: "Z",
    charset: "utf8mb4",
    bigIntAsNumber: true,
    insertIdAsNumber: true,
    bulk: true,
  };
}

export async function connect(url: string): Promise<Connection> {
  const connection = await createConnection(optionsOf(url));
  connection.on("error", () => undefined); // whoever uses it next is told; without a listener the process would end
  return connection;
}

export function pool(url: string, connectionLimit: number): Pool {
  return createPool({ ...optionsOf(url), connectionLimit });
}

/**
 * For the copy: a child may come before its parent, which v1.5 wrote a moment later; the next pass brings it, and the
 * verification would tell if not.
 */
export function copyPool(url: string, connectionLimit: number): Pool {
  return createPool({ ...optionsOf(url), connectionLimit, sessionVariables: { foreign_key_checks: 0 } });
}

export function databaseOf(url: string): string {
  return new URL(url).pathname.slice(1);
}
