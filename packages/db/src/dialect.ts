// A Kysely dialect for the promise pool of the `mariadb` connector. Kysely's own MySQL dialect expects mysql2; everything but
// the driver is shared with it.
import type { EventEmitter } from "node:events";
import { CompiledQuery, MysqlAdapter, MysqlDriver, MysqlIntrospector, MysqlQueryCompiler } from "kysely";
import type {
  ControlConnectionProvider,
  DatabaseConnection,
  DatabaseIntrospector,
  Dialect,
  DialectAdapter,
  Driver,
  Kysely,
  QueryCompiler,
  QueryResult,
} from "kysely";
import { stepBudgetMs } from "@muster/runtime";
import type { Pool, PoolConnection } from "mariadb";
import { DatabaseTimeoutError, reasonOf, translated } from "./errors.ts";

interface WriteResult {
  readonly affectedRows?: number;
  readonly insertId?: bigint | number;
}

const WRITES = /^\s*(insert|update|delete|replace|with|call|commit|create|alter|drop|truncate|rename|analyze)\b/i;

/** The wait for a connection while there is none at all and the last one who waited got none: nobody needs to wait long. */
const AWAY_MS = 250;

/** Time limits; a caller that has less left gets less. */
interface Limits {
  readonly acquireMs: number;
  readonly statementMs: number;
}

class MariadbConnection implements DatabaseConnection {
  readonly #raw: PoolConnection;
  readonly #statementMs: number;
  #inTransaction = false;
  /** Lost, or given up with a statement on it: what was open on it is rolled back by the server. */
  #broken = false;

  constructor(raw: PoolConnection, statementMs: number) {
    this.#raw = raw;
    this.#statementMs = statementMs;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (this.#broken && query.sql === "rollback") return { rows: [] };
    const result = await this.#send(query);
    if (Array.isArray(result)) return { rows: result as R[] };
    const { affectedRows, insertId } = result as WriteResult;
    return {
      rows: [],
      ...(affectedRows === undefined ? {} : { numAffectedRows: BigInt(affectedRows) }),
      ...(insertId === undefined || BigInt(insertId) === 0n ? {} : { insertId: BigInt(insertId) }),
    };
  }

  async #send(query: CompiledQuery): Promise<unknown> {
    const sent = this.#raw.query(query.sql, query.parameters as unknown[]);
    try {
      const result: unknown = await withinMs(sent, stepBudgetMs(this.#statementMs), () => this.#giveUp());
      if (query.sql === "begin") this.#inTransaction = true;
      else if (query.sql === "commit" || query.sql === "rollback") this.#inTransaction = false;
      return result;
    } catch (err) {
      const lost = !this.#raw.isValid();
      if (lost) this.#broken = true;
      // A rollback that cannot be sent happens with the end of the connection.
      if (query.sql === "rollback") {
        this.#giveUp();
        return [];
      }
      const undone = query.sql === "commit" ? false : this.#inTransaction || !WRITES.test(query.sql);
      throw translated(err, undone ? "undone" : "unknown");
    }
  }

  #giveUp(): void {
    this.#broken = true;
    this.#raw.destroy();
  }

  /** Kysely's interface asks for it; a stream of rows has no time limit, so nothing of ours reads one. */
  streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error("streams of rows are not supported: read in batches");
  }

  async collectSessionInfo(): Promise<void> {}

  /** Lets an AbortSignal stop a running statement on the server. */
  async cancelQuery(control: ControlConnectionProvider): Promise<void> {
    await control(async (connection) => {
      await connection.executeQuery(CompiledQuery.raw(`kill query ${this.#raw.threadId}`));
    });
  }

  async killSession(control: ControlConnectionProvider): Promise<void> {
    await control(async (connection) => {
      await connection.executeQuery(CompiledQuery.raw(`kill connection ${this.#raw.threadId}`));
    });
  }

  async release(): Promise<void> {
    if (!this.#broken) await this.#raw.release();
    else if (this.#raw.isValid()) this.#raw.destroy();
  }
}

class MariadbDriver extends MysqlDriver {
  readonly #pool: Pool;
  readonly #limits: Limits;
  /** The last one who wanted a connection got none. */
  #away = false;
  /** Why the pool has no connection: only its first one who waits long enough is told. */
  #reason: string | undefined;

  constructor(pool: Pool, limits: Limits) {
    super({} as never);
    this.#pool = pool;
    this.#limits = limits;
    (pool as unknown as EventEmitter).on("error", (err: unknown) => {
      this.#reason = reasonOf(err);
    });
  }

  override async init(): Promise<void> {}

  override async acquireConnection(): Promise<DatabaseConnection> {
    const capMs = this.#away && this.#pool.totalConnections() === 0 ? AWAY_MS : this.#limits.acquireMs;
    const acquiring = this.#pool.getConnection();
    try {
      const raw = await withinMs(acquiring, stepBudgetMs(capMs), () => {
        // It may still come: for another.
        acquiring.then((late) => late.release()).catch(() => undefined);
      });
      this.#away = false;
      this.#reason = undefined;
      return new MariadbConnection(raw, this.#limits.statementMs);
    } catch (err) {
      this.#away = true;
      if (!(err instanceof DatabaseTimeoutError)) this.#reason = reasonOf(err);
      else if (this.#reason !== undefined) err.message += `; no connection: ${this.#reason}`;
      throw translated(err, "connecting");
    }
  }

  override async releaseConnection(connection: DatabaseConnection): Promise<void> {
    await (connection as MariadbConnection).release();
  }

  override async destroy(): Promise<void> {
    await this.#pool.end();
  }
}

class MariadbAdapter extends MysqlAdapter {
  /** INSERT and DELETE … RETURNING; UPDATE … RETURNING does not exist in MariaDB 10.11. */
  override get supportsReturning(): boolean {
    return true;
  }
}

/** @throws DatabaseTimeoutError after `ms`, having called `onLate`. */
async function withinMs<T>(promise: Promise<T>, ms: number, onLate: () => void): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      onLate();
      reject(new DatabaseTimeoutError(`no answer from the database within ${Math.round(ms)} ms`));
    }, ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

export class MariadbDialect implements Dialect {
  readonly #pool: Pool;
  readonly #limits: Limits;

  constructor(pool: Pool, limits: Limits) {
    this.#pool = pool;
    this.#limits = limits;
  }

  createDriver(): Driver {
    return new MariadbDriver(this.#pool, this.#limits);
  }

  createQueryCompiler(): QueryCompiler {
    return new MysqlQueryCompiler();
  }

  createAdapter(): DialectAdapter {
    return new MariadbAdapter();
  }

  createIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
    return new MysqlIntrospector(db);
  }
}
