// Decides which records go to the broker together. No I/O.
import type { OutgoingRecord } from "./port.ts";

/**
 * Bytes of the records of one request. A client makes one batch of all records of a request and partition, and a broker refuses a batch
 * of more than 1 MiB (`message.max.bytes`), however small the records in it are.
 */
export const REQUEST_BYTES_MAX = 900_000;
/** Of a record beside its key, value and headers, at most; and of a header beside its name and value. */
const RECORD_OVERHEAD_BYTES = 32;
const HEADER_OVERHEAD_BYTES = 10;

/** The records in their order, in as few requests as there have to be; a record that is larger than one goes alone. */
export function* requestsOf(records: readonly OutgoingRecord[]): Generator<readonly OutgoingRecord[]> {
  let begin = 0;
  let bytes = 0;
  for (const [i, record] of records.entries()) {
    const size = sizeOf(record);
    if (i > begin && bytes + size > REQUEST_BYTES_MAX) {
      yield records.slice(begin, i);
      begin = i;
      bytes = 0;
    }
    bytes += size;
  }
  if (begin < records.length) yield records.slice(begin);
}

function sizeOf({ key, value, headers }: OutgoingRecord): number {
  let bytes = RECORD_OVERHEAD_BYTES + Buffer.byteLength(key) + value.length;
  for (const [name, text] of Object.entries(headers)) {
    bytes += HEADER_OVERHEAD_BYTES + Buffer.byteLength(name) + Buffer.byteLength(text);
  }
  return bytes;
}
