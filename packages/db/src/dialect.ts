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
import { currentBudget, stepBudgetMs } from "@muster/runtime";
import type { Pool, PoolConnection } from "mariadb";
import { DatabaseTimeoutError, reasonOf, type Stage, translated } from "./errors.ts";

interface WriteResult {
  readonly affectedRows?: number;
  readonly insertId?: bigint | number;
}

const WRITES = /^\s*(insert|update|delete|replace|with|call|commit|create|alter|drop|truncate|rename|analyze)\b/i;

/** The wait for a connection while there is none at all and the last one who waited got none: nobody needs to wait long. */
const AWAY_MS = 250;

/** What the server can be told to end by itself. */
const LIMITED = /^\s*(?:select|insert|update|delete|replace|with)\b/i;
/** Of a statement's time, kept for the server to tell that it ended it: a quarter, at most this. */
const TELL_MS_MAX = 100;
/**
 * A statement of a caller that has gone may go on for so long. Most have ended by then, and their connection is kept: whoever cancels calls
 * on purpose must not cost a connection for each.
 */
const GONE_MS = 100;

/** A caller that has less time left gets less. */
export interface Limits {
  readonly acquireMs: number;
  /** Who may wait for a connection at once. Policy at the limit: refused as unavailable. */
  readonly waitingMax: number;
  readonly statementMs: number;
  /** For the server to tell that it ended a statement, once it has had `statementMs`. */
  readonly answerMs: number;
  /** With less time left nothing is begun. */
  readonly floorMs: number;
}

class MariadbConnection implements DatabaseConnection {
  readonly #raw: PoolConnection;
  readonly #limits: Limits;
  #inTransaction = false;
  /** Lost, or given up with a statement on it: what was open on it is rolled back by the server. */
  #broken = false;

  constructor(raw: PoolConnection, limits: Limits) {
    this.#raw = raw;
    this.#limits = limits;
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
    const { statementMs, answerMs, floorMs } = this.#limits;
    // The last word of a transaction: it is said as well as it can be, whoever has gone.
    const isRollback = query.sql === "rollback";
    const signal = isRollback || query.sql === "commit" ? undefined : currentBudget()?.signal;
    const stepMs = stepBudgetMs(statementMs + answerMs);
    if (!isRollback) refuseLate(stepMs, floorMs, signal, "undone");
    const sent = this.#raw.query(limited(query.sql, stepMs, statementMs), query.parameters as unknown[]);
    try {
      const result: unknown = await withinMs(sent, { ms: stepMs, signal, goneMs: GONE_MS }, () => this.#giveUp());
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
  #waiting = 0;
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
    const { waitingMax, floorMs } = this.#limits;
    const signal = currentBudget()?.signal;
    const ms = stepBudgetMs(capMs);
    refuseLate(ms, floorMs, signal, "connecting");
    if (this.#waiting >= waitingMax)
      throw translated(new DatabaseTimeoutError(`${waitingMax} wait for a connection already`), "connecting");
    this.#waiting++;
    const acquiring = this.#pool.getConnection();
    try {
      const raw = await withinMs(acquiring, { ms, signal, goneMs: 0 }, () => {
        // It may still come: for another.
        acquiring.then((late) => late.release()).catch(() => undefined);
      });
      this.#away = false;
      this.#reason = undefined;
      return new MariadbConnection(raw, this.#limits);
    } catch (err) {
      this.#away = true;
      if (!(err instanceof DatabaseTimeoutError)) this.#reason = reasonOf(err);
      else if (this.#reason !== undefined) err.message += `; no connection: ${this.#reason}`;
      throw translated(err, "connecting");
    } finally {
      this.#waiting--;
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

/** @throws DatabaseUnavailableError when there is too little time, or nobody to do it for: what it waited for before took it all */
function refuseLate(leftMs: number, floorMs: number, signal: AbortSignal | undefined, stage: Stage): void {
  if (leftMs >= floorMs && signal?.aborted !== true) return;
  const reason = signal?.aborted ? "its caller has gone" : `${Math.floor(leftMs)} ms are left`;
  throw translated(new DatabaseTimeoutError(`not asked of the database: ${reason}`), stage);
}

/** The server ends the statement itself when its caller has less time than every statement has. */
function limited(text: string, stepMs: number, statementMs: number): string {
  const ms = Math.floor(stepMs - Math.min(TELL_MS_MAX, stepMs / 4));
  return ms < statementMs && LIMITED.test(text) ? `set statement max_statement_time=${ms / 1000} for ${text}` : text;
}

interface Patience {
  readonly ms: number;
  readonly signal: AbortSignal | undefined;
  /** After its caller has gone. */
  readonly goneMs: number;
}

/** @throws DatabaseTimeoutError after `ms`, or when the caller has gone, having called `onLate`. */
async function withinMs<T>(promise: Promise<T>, { ms, signal, goneMs }: Patience, onLate: () => void): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const giveUp = (reason: string): void => {
    onLate();
    reject(new DatabaseTimeoutError(reason));
  };
  const timers = [setTimeout(() => giveUp(`no answer from the database within ${Math.round(ms)} ms`), ms)];
  const onGone = (): void =>
    void timers.push(setTimeout(() => giveUp("the caller has gone, and the database was not done"), goneMs));
  signal?.addEventListener("abort", onGone, { once: true });
  try {
    return await Promise.race([promise, late]);
  } finally {
    for (const timer of timers) clearTimeout(timer);
    signal?.removeEventListener("abort", onGone);
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
