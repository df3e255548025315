// The walk over one table of v1.5: everything once by id, then again and again what has changed since. A change is found
// by updated_at, looking back a little, because a row's time is set when its statement starts and seen when it commits.
import type { Connection } from "mariadb";
import type { Progress } from "./progress.ts";

export type Row = Readonly<Record<string, unknown>>;

/** How one table of v1.5 gets to its place in v2.0. */
export interface TableCopy {
  /** Of v1.5. */
  readonly table: string;
  /** `select …, s.id from <table> s …`: what write() needs; ends before its `where`. */
  readonly select: string;
  /** Writes rows, in order of id; writing them again changes nothing. */
  write(rows: readonly Row[]): Promise<void>;
}

export interface CopyOptions {
  readonly legacy: Connection;
  readonly progress: Progress;
  readonly batchRows: number;
  readonly report: (table: string, rows: number, lag: string) => void;
}

/** Longer than any statement of v1.5 takes. */
const LOOK_BACK_S = 30;

/** Everything that is there now, by id; goes on where it was. */
export async function copyBulk(copy: TableCopy, options: CopyOptions): Promise<void> {
  const { legacy, progress, batchRows } = options;
  let at = await progress.table(copy.table);
  if (at.bulkDone) return;
  // What changes from here on is found by its time.
  if (at.changedUntil === "") at = { ...at, changedUntil: await progress.now() };
  for (;;) {
    const rows = (await legacy.query(`${copy.select} where s.id > ? order by s.id limit ?`, [
      at.bulkId,
      batchRows,
    ])) as Row[];
    if (rows.length > 0) {
      await copy.write(rows);
      at = { ...at, bulkId: Number(rows.at(-1)?.["id"]), rows: at.rows + rows.length };
    }
    at = { ...at, bulkDone: rows.length < batchRows };
    await progress.setTable(copy.table, at);
    options.report(copy.table, at.rows, at.bulkDone ? "caught up" : "copying");
    if (at.bulkDone) return;
  }
}

/** What has changed since the pass before. @returns rows that were written, repeats of the look-back among them */
export async function copyChanges(copy: TableCopy, options: CopyOptions): Promise<number> {
  const { legacy, progress, batchRows } = options;
  const at = await progress.table(copy.table);
  const until = await progress.now();
  let written = 0;
  for (let id = 0; ; ) {
    const rows = (await legacy.query(
      `${copy.select} where s.updated_at >= cast(? as datetime(6)) - interval ${LOOK_BACK_S} second and s.id > ? order by s.id limit ?`,
      [at.changedUntil, id, batchRows],
    )) as Row[];
    if (rows.length > 0) await copy.write(rows);
    written += rows.length;
    if (rows.length < batchRows) break;
    id = Number(rows.at(-1)?.["id"]);
  }
  await progress.setTable(copy.table, { ...at, changedUntil: until, rows: at.rows + written });
  options.report(copy.table, at.rows + written, "following");
  return written;
}
