// Turns what a fetch brought into the port's records. No I/O.
import type { fetchV17 } from "@platformatic/kafka";
import type { ReceivedRecord } from "./port.ts";

type RecordsBatch = NonNullable<fetchV17.FetchResponse["responses"][number]["partitions"][number]["records"]>[number];

const IS_CONTROL = 0x20;
const IS_DATED_BY_BROKER = 0x08;

/** From the position on: a broker sends whole batches, and the first one may begin before it. */
export function recordsOf(
  batches: readonly RecordsBatch[],
  { topic, partition, position }: { readonly topic: string; readonly partition: number; readonly position: bigint },
): ReceivedRecord[] {
  const records: ReceivedRecord[] = [];
  for (const batch of batches) {
    if (batch.attributes & IS_CONTROL) continue;
    for (const { offsetDelta, timestampDelta, key, value, headers } of batch.records) {
      const offset = batch.firstOffset + BigInt(offsetDelta);
      if (offset < position) continue;
      const timestamp =
        batch.attributes & IS_DATED_BY_BROKER ? batch.maxTimestamp : batch.firstTimestamp + timestampDelta;
      records.push({
        topic,
        partition,
        offset,
        key: key?.toString(),
        value: value ?? Buffer.alloc(0),
        headers: Object.fromEntries(headers.map(([name, text]) => [String(name ?? ""), String(text ?? "")])),
        timestampMs: Number(timestamp),
      });
    }
  }
  return records;
}

/** The offset after the last of these; 0 when there are none. */
export function offsetAfter(batches: readonly RecordsBatch[]): bigint {
  const last = batches.at(-1);
  return last ? last.firstOffset + BigInt(last.lastOffsetDelta) + 1n : 0n;
}
