// Reads new rows of a table continuously without missing any. An auto_increment position is assigned before its transaction
// commits, so a row may appear below rows that were read long before. Every gap between positions is therefore queried again
// until its row appears, or until no open transaction can still have it: it was rolled back or deleted.
import { sql } from "kysely";
import type { Database } from "./database.ts";

/** What its table needs: an auto_increment primary key of this name, and rows that are not changed. */
export interface TailRow {
  readonly position: bigint;
}

export interface TailOptions<Row extends TailRow> {
  readonly table: string;
  readonly columns: readonly (keyof Row & string)[];
  /** Rows of one read, at most. */
  readonly pageRows: number;
  /** Milliseconds on a clock that never goes back. */
  readonly clock?: () => number;
}

/** A server gives a position out and writes its row in one step of a statement: what is not even uncommitted by now is gone. */
const HOLE_MS_MIN = 5000;
const LOOK_FOR_OPEN_EVERY_MS = 1000;
/** More at once would be a storm of rollbacks. Policy at the limit: the lowest are given up. */
const HOLES_MAX = 500;

export class Tail<Tables, Row extends TailRow = TailRow> {
  readonly #db: Database<Tables>;
  readonly #options: TailOptions<Row>;
  readonly #clock: () => number;
  /** Missing positions, lowest first as they were noticed, with when. */
  readonly #holes = new Map<bigint, number>();
  #end: bigint | undefined;
  #lookedForOpenAt = -Infinity;

  constructor(db: Database<Tables>, options: TailOptions<Row>) {
    this.#db = db;
    this.#options = options;
    this.#clock = options.clock ?? (() => performance.now());
  }

  /** Every row up to here has been read, and none will appear there any more. */
  get settled(): bigint {
    let lowest = (this.#end ?? 0n) + 1n;
    for (const hole of this.#holes.keys()) if (hole < lowest) lowest = hole;
    return lowest - 1n;
  }

  /** Reads from the table's present end on, a little before it: a transaction may be open that has a position there already. */
  async start(): Promise<void> {
    const { rows } = await sql<TailRow>`
      select position from ${this.#table} order by position desc limit 1`.execute(this.#db);
    const last = rows[0]?.position ?? 0n;
    this.#end = last > BigInt(HOLES_MAX) ? last - BigInt(HOLES_MAX) : 0n;
  }

  /**
   * The rows that have been committed since the last read, each once; as many as a page has when there may be more. Not for two callers
   * at once.
   */
  async read(): Promise<Row[]> {
    if (this.#end === undefined) await this.start();
    const rows = await this.#rowsAfter(this.#end ?? 0n);
    const at = this.#clock();
    await this.#giveUpWhatIsGone(at);
    for (const { position } of rows) this.#note(position, at); // last: rows of a read that fails are read again
    return rows;
  }

  get #table(): ReturnType<typeof sql.table> {
    return sql.table(this.#options.table);
  }

  async #rowsAfter(end: bigint): Promise<Row[]> {
    const { columns, pageRows } = this.#options;
    const missing = [...this.#holes.keys()];
    const wanted =
      missing.length === 0 ? sql`position > ${end}` : sql`(position > ${end} or position in (${sql.join(missing)}))`;
    const { rows } = await sql<Row>`
      select ${sql.join(columns.map((column) => sql.ref(column)))} from ${this.#table}
       where ${wanted} order by position limit ${pageRows}`.execute(this.#db);
    return rows;
  }

  #note(position: bigint, at: number): void {
    this.#holes.delete(position);
    const end = this.#end ?? 0n;
    if (position <= end) return;
    const lowest = position - BigInt(HOLES_MAX);
    for (let hole = end < lowest ? lowest : end + 1n; hole < position; hole++) this.#holes.set(hole, at);
    for (const hole of this.#holes.keys()) {
      if (this.#holes.size <= HOLES_MAX) break;
      this.#holes.delete(hole);
    }
    this.#end = position;
  }

  async #giveUpWhatIsGone(at: number): Promise<void> {
    if (at - this.#lookedForOpenAt < LOOK_FOR_OPEN_EVERY_MS) return;
    const old = [...this.#holes].filter(([, since]) => at - since >= HOLE_MS_MIN).map(([hole]) => hole);
    if (old.length === 0) return;
    this.#lookedForOpenAt = at;
    const open = await this.#uncommitted(old);
    for (const hole of old) if (!open.has(hole)) this.#holes.delete(hole);
  }

  /** Of these positions those whose rows are there, committed or not. */
  async #uncommitted(positions: readonly bigint[]): Promise<Set<bigint>> {
    const { rows } = await this.#db
      .transaction()
      .setIsolationLevel("read uncommitted")
      .execute((tx) =>
        sql<TailRow>`select position from ${this.#table} where position in (${sql.join([...positions])})`.execute(tx),
      );
    return new Set(rows.map(({ position }) => position));
  }
}
