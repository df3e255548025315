import { int } from "@muster/config";
import { DATABASE, type Dependency, type Figures, noteBuilt } from "@muster/resilience";
import { Kysely, sql } from "kysely";
import { createPool } from "mariadb";
import { MariadbDialect } from "./dialect.ts";
import { reasonOf } from "./errors.ts";

export type Database<Tables> = Kysely<Tables>;

/** A service spreads this into its own configuration, beside its own `<SERVICE>_DB_URL`. */
export const dbConfig = {
  DB_POOL_MAX: int({
    default: DATABASE.bulkhead,
    min: 1,
    max: 200,
    description: "maximum number of connections to the database",
  }),
  DB_ACQUIRE_TIMEOUT_MS: int({
    default: DATABASE.queue?.waitMs ?? 0,
    min: 10,
    max: 60_000,
    description: "how long a call waits for a free connection before it fails",
  }),
  DB_STATEMENT_TIMEOUT_MS: int({
    default: DATABASE.tryMs,
    min: 10,
    max: 600_000,
    description:
      "the server aborts a statement that takes longer, and ends a connection whose transaction is idle for twice as long",
  }),
  DB_WAIT_MS: int({
    default: 30_000,
    max: 600_000,
    description: "how long to wait at start until the database answers and is migrated",
  }),
};

export interface DatabaseOptions {
  /** mysql://user:password@host:port/database */
  readonly url: string;
  /** Its row in the table of packages/resilience: connections, how long and how many may wait for one, the time of a statement. */
  readonly dependency: Dependency;
}

/** A row's figures with what an operator has set. */
export function poolFigures(
  row: Dependency,
  config: { readonly dbAcquireTimeoutMs: number; readonly dbPoolMax?: number; readonly dbStatementTimeoutMs?: number },
): Dependency {
  const { dbPoolMax: bulkhead = row.bulkhead, dbStatementTimeoutMs: tryMs = row.tryMs } = config;
  const queue = row.queue && { ...row.queue, waitMs: config.dbAcquireTimeoutMs };
  const figures: Partial<Figures> = { bulkhead, tryMs, ...(queue && { queue }) };
  return { ...row, ...figures };
}

export interface DbPart<Tables> {
  readonly name: string;
  readonly db: Database<Tables>;
  /** Undefined when the database answers, else why not. */
  check(): Promise<string | undefined>;
  stop(): Promise<void>;
}

/** For the server to tell that it ended a statement; after that it is not there. */
const ANSWER_MS = 1000;

/** Opens a pool; connections are made when first needed. Times are UTC, bigint columns are bigint. */
export function createDatabase<Tables>(options: DatabaseOptions): DbPart<Tables> {
  const { bulkhead, connectMs, tryMs: statementMs, floorMs, queue } = options.dependency;
  const acquireMs = queue?.waitMs ?? connectMs;
  noteBuilt([options.dependency]);
  const pool = createPool({
    ...parseDbUrl(options.url),
    connectionLimit: bulkhead,
    minimumIdle: 1,
    acquireTimeout: acquireMs,
    initializationTimeout: acquireMs,
    connectTimeout: Math.min(connectMs, acquireMs),
    timezone: "Z",
    charset: "utf8mb4",
    autoJsonMap: false, // JSON is text, as its columns are declared
    sessionVariables: {
      max_statement_time: statementMs / 1000,
      // Of a process that is frozen, or whose machine has gone without a word: its locks would stay until the server notices, which takes hours.
      idle_transaction_timeout: Math.max(1, Math.ceil((2 * statementMs) / 1000)),
      sql_mode: "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION",
    },
  });
  const limits = { acquireMs, waitingMax: queue?.max ?? 0, statementMs, answerMs: ANSWER_MS, floorMs };
  const db = new Kysely<Tables>({ dialect: new MariadbDialect(pool, limits) });
  return {
    name: "database",
    db,
    async check() {
      try {
        await sql`select 1`.execute(db);
        return undefined;
      } catch (err) {
        return reasonOf(err);
      }
    },
    async stop() {
      await db.destroy();
      // Kysely ends only what it has used; the pool connects by itself, and keeps the process alive.
      if (!pool.closed) await pool.end();
    },
  };
}

export function parseDbUrl(url: string): {
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
} {
  const { hostname, port, username, password, pathname } = new URL(url);
  return {
    host: hostname,
    port: port === "" ? 3306 : Number(port),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: pathname.slice(1),
  };
}
