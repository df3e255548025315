// Pages by key, newest first: a page ends with a row, and the next one has what lies below that row in the order of a time and an id.
// Clients carry the end of a page as an opaque text.
//
// The time is text, "YYYY-MM-DD hh:mm:ss.ffffff" in UTC: a Date would lose the microseconds, and with them rows.
import { type RawBuilder, sql } from "kysely";

/** The last row of a page. */
export interface Cursor {
  readonly at: string;
  /** UUID. */
  readonly id: string;
}

/** Which list a cursor belongs to: in another one it would be a place among other rows, and the page would be silently wrong. */
export type CursorList = "adminmatches" | "channels" | "live" | "matches" | "replays" | "reports" | "suspects";

/** MariaDB's `uuid` refuses versions 8 and up. */
const FORM =
  /^([a-z]+)\/(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6})\/([0-9a-f]{8}-[0-9a-f]{4}-[0-7][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12})$/;

export function encodeCursor(list: CursorList, { at, id }: Cursor): string {
  return Buffer.from(`${list}/${at}/${id}`).toString("base64url");
}

/**
 * Undefined for the empty text: the first page.
 * @throws what `refusal` makes, for a text that `encodeCursor` did not make for this list
 */
export function decodeCursor(list: CursorList, text: string, refusal: () => Error): Cursor | undefined {
  if (text === "") return undefined;
  const [, of, at = "", id = ""] = FORM.exec(Buffer.from(text, "base64url").toString("latin1")) ?? [];
  if (of !== list || !isInCalendar(at)) throw refusal();
  return { at, id };
}

/** A `datetime(6)` column as a cursor has it. */
export function cursorTime(column: string): RawBuilder<string> {
  return sql<string>`date_format(${sql.ref(column)}, '%Y-%m-%d %H:%i:%s.%f')`;
}

/**
 * For `where`, in a query that is ordered by both columns, descending. An index over both is read from there: MariaDB makes a range of the
 * first comparison, where it would read the index from its end for `(time, id) < (…)`.
 */
export function isBelowCursor(timeColumn: string, idColumn: string, { at, id }: Cursor): RawBuilder<boolean> {
  const [time, last] = [sql.ref(timeColumn), sql`cast(${at} as datetime(6))`];
  return sql<boolean>`(${time} <= ${last} and (${time} < ${last} or ${sql.ref(idColumn)} < ${id}))`;
}

/** The database knows no 31 February, and Date.parse takes it for 3 March. */
function isInCalendar(at: string): boolean {
  const iso = at.replace(" ", "T");
  const parsed = new Date(`${iso}Z`);
  return !Number.isNaN(parsed.getTime()) && iso.startsWith(parsed.toISOString().replace(/\.\d+Z$/, ""));
}
