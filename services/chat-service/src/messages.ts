// What a message may be. No I/O.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ChatMessageSchema } from "@muster/contracts/chat/v2";
import { isBlank } from "@muster/runtime";
import { fail } from "./errors.ts";
import type { MessageRow } from "./schema.ts";

/** Control characters but the line break and the tab, and characters that turn the direction of the text around. */
// oxlint-disable-next-line no-control-regex -- these are what it is about
const UNWANTED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/**
 * The text as it is stored: NFC, without characters that spoil the line; with something to be seen.
 * @throws AppError message_empty, message_too_long with details.charsMax
 */
export function cleanBody(body: string, charsMax: number): string {
  const text = body.normalize("NFC").replaceAll("\r\n", "\n").replaceAll(UNWANTED, "").trim();
  if (isBlank(text)) throw fail("message_empty");
  if (Array.from(text).length > charsMax)
    throw fail("message_too_long", { message: `A message has at most ${charsMax} characters.`, details: { charsMax } });
  return text;
}

export function toMessage(row: MessageRow): MessageInitShape<typeof ChatMessageSchema> {
  return {
    channelId: row.channel_id,
    seq: row.seq,
    change: row.change_no,
    authorId: row.author_id,
    authorName: row.author_name,
    body: row.body,
    sentAt: timestampFromDate(row.sent_at),
    ...(row.edited_at ? { editedAt: timestampFromDate(row.edited_at) } : {}),
    ...(row.deleted_at ? { deletedAt: timestampFromDate(row.deleted_at) } : {}),
  };
}
