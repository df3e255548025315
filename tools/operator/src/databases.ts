// A short connection to one service's database.
import { type Connection, createConnection, SqlError } from "mariadb";
import { OperatorError } from "./errors.ts";
import { type Environment, variable } from "./environment.ts";

const CONNECT_WITHIN_MS = 3000;

export async function withDatabase<T>(env: Environment, name: string, use: (db: Connection) => Promise<T>): Promise<T> {
  return withServer(variable(env, name), use);
}

/** @throws OperatorError when nobody answers there, or it refuses: the connection, or a statement of `use` */
export async function withServer<T>(address: string, use: (db: Connection) => Promise<T>): Promise<T> {
  const url = new URL(address);
  let db: Connection;
  try {
    db = await createConnection({
      host: url.hostname,
      port: Number(url.port || 3306),
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      ...(url.pathname.length > 1 ? { database: url.pathname.slice(1) } : {}),
      connectTimeout: CONNECT_WITHIN_MS,
      timezone: "Z",
      bigIntAsNumber: true,
      allowPublicKeyRetrieval: true,
    });
  } catch (err) {
    throw new OperatorError(`the database at ${url.host} cannot be used: ${(err as Error).message}`);
  }
  try {
    return await use(db);
  } catch (err) {
    if (!(err instanceof SqlError)) throw err;
    throw new OperatorError(`the database at ${url.host} refuses: ${err.sqlMessage ?? err.message}`);
  } finally {
    await db.end();
  }
}
