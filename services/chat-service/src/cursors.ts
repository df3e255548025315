// Where a page of the channel list ends.
import { isTimeText } from "@muster/db";
import { fail } from "./errors.ts";

export interface ChannelCursor {
  /** Of the page's last channel. "YYYY-MM-DD hh:mm:ss.ffffff", UTC: a Date would lose the microseconds. */
  readonly activeAt: string;
  readonly channelId: string;
}

const FORM =
  /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6})\/([0-9a-f]{8}-[0-9a-f]{4}-[0-7][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12})$/;

export function encodeCursor({ activeAt, channelId }: ChannelCursor): string {
  return Buffer.from(`${activeAt}/${channelId}`).toString("base64url");
}

/** @throws AppError bad_cursor */
export function decodeCursor(text: string): ChannelCursor | undefined {
  if (text === "") return undefined;
  const parts = FORM.exec(Buffer.from(text, "base64url").toString("latin1"));
  if (!parts || !isTimeText(parts[1] as string)) throw fail("bad_cursor");
  return { activeAt: parts[1] as string, channelId: parts[2] as string };
}
