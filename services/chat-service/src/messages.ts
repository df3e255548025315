// What a message may be. No I/O.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ChatMessageSchema } from "@muster/contracts/chat/v2";
import { lengthOf, tidyMessage } from "@muster/runtime";
import { fail } from "./errors.ts";
import type { MessageRow } from "./schema.ts";

/**
 * The text as it is stored: NFC, without characters that spoil the line; with something to be seen.
 * @throws AppError message_empty, message_too_long with details.charsMax
 */
export function cleanBody(body: string, charsMax: number): string {
  const text = tidyMessage(body);
  if (text === "") throw fail("message_empty");
  if (lengthOf(text) > charsMax)
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
