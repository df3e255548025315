// Ends a page before it exceeds the maximum size of a message.
import { create, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";

/** Of one message, on both sides of a call. */
export const MESSAGE_BYTES_MAX = 256 * 1024;
/** Of a page: what is left is for the rest of the answer. */
const PAGE_BYTES_MAX = 192 * 1024;
/** Tag and length of an item in its list. */
const ITEM_BYTES = 5;

/** How many of `items`, from the first, one answer can carry: all of them, nearly always. At least one, so that who reads on gets on. */
export function countFitting<D extends DescMessage>(schema: D, items: readonly MessageInitShape<D>[]): number {
  let bytes = 0;
  for (const [count, item] of items.entries()) {
    bytes += toBinary(schema, create(schema, item)).length + ITEM_BYTES;
    if (bytes > PAGE_BYTES_MAX && count > 0) return count;
  }
  return items.length;
}
