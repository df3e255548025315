// Kysely over the promise pool of the `mariadb` connector. Kysely's own MySQL dialect expects mysql2; all but the
// driver is shared with it.
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
import type { Pool, PoolConnection } from "mariadb";

interface WriteResult {
  readonly affectedRows?: number;
  readonly insertId?: bigint | number;
}

class MariadbConnection implements DatabaseConnection {
  readonly #raw: PoolConnection;

  constructor(raw: PoolConnection) {
    this.#raw = raw;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const result: unknown = await this.#raw.query(query.sql, query.parameters as unknown[]);
    if (Array.isArray(result)) return { rows: result as R[] };
    const { affectedRows, insertId } = result as WriteResult;
    return {
      rows: [],
      ...(affectedRows === undefined ? {} : { numAffectedRows: BigInt(affectedRows) }),
      ...(insertId === undefined || BigInt(insertId) === 0n ? {} : { insertId: BigInt(insertId) }),
    };
  }

  async *streamQuery<R>(query: CompiledQuery, chunkSize: number): AsyncIterableIterator<QueryResult<R>> {
    const stream = this.#raw.queryStream(query.sql, query.parameters as unknown[]);
    let rows: R[] = [];
    try {
      for await (const row of stream as AsyncIterable<R>) {
        rows.push(row);
        if (rows.length < chunkSize) continue;
        yield { rows };
        rows = [];
      }
      if (rows.length > 0) yield { rows };
    } finally {
      stream.destroy();
    }
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
    await this.#raw.release();
  }
}

class MariadbDriver extends MysqlDriver {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    super({} as never);
    this.#pool = pool;
  }

  override async init(): Promise<void> {}

  override async acquireConnection(): Promise<DatabaseConnection> {
    return new MariadbConnection(await this.#pool.getConnection());
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

export class MariadbDialect implements Dialect {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  createDriver(): Driver {
    return new MariadbDriver(this.#pool);
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
