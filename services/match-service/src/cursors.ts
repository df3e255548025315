import { isTimeText } from "@muster/db";
import { fail } from "./errors.ts";

/** The last row of a page: the next one starts after it. */
export interface Cursor {
  /** "YYYY-MM-DD hh:mm:ss.ffffff", UTC: a Date would lose the microseconds. */
  readonly createdAt: string;
  readonly matchId: string;
}

const FORM =
  /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6})\/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/;

export function encodeCursor(cursor: Cursor): string {
  return Buffer.from(`${cursor.createdAt}/${cursor.matchId}`).toString("base64url");
}

/** @throws AppError bad_cursor */
export function decodeCursor(text: string): Cursor | undefined {
  if (text === "") return undefined;
  const match = FORM.exec(Buffer.from(text, "base64url").toString("latin1"));
  if (!match || !isTimeText(match[1] as string)) throw fail("bad_cursor");
  return { createdAt: match[1] as string, matchId: match[2] as string };
}
