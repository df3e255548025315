// What is kept of a DLQ that is larger than its room in memory, without a broker.
import { until } from "@muster/testkit";
import { expect, it, vi } from "vitest";
import type { Admin, Batch, Broker, ConsumerOptions, ReceivedRecord } from "../broker/port.ts";
import { markRecord } from "../consumer/dlq.ts";
import { LetterView } from "./letter-view.ts";

const NO_BYTES: Buffer<ArrayBuffer> = Buffer.alloc(0);

/** A DLQ with these records, and whoever reads it. */
function dlq(options: { readonly bytesMax: number; readonly idleMs?: number }) {
  const records: ReceivedRecord[] = [];
  const readers: { running: boolean; read: number; handle: ConsumerOptions["handle"] }[] = [];
  const broker = {
    consumer: ({ handle }: ConsumerOptions) => {
      const reader = { running: false, read: 0, handle };
      readers.push(reader);
      return {
        name: "reader",
        assigned: () => [],
        start: async () => void (reader.running = true),
        stop: async () => void (reader.running = false),
      };
    },
  };
  const lag = async () => [
    { topic: "dlq", partition: 0, first: 0n, end: BigInt(records.length), committed: undefined },
  ];
  const view = new LetterView({
    ...options,
    broker: Promise.resolve(broker as unknown as Broker),
    ask: (call) => call({ lag } as unknown as Admin),
    group: "group",
    topic: "dlq",
  });
  const add = (record: Partial<ReceivedRecord>): void => {
    const offset = BigInt(records.length);
    records.push({
      topic: "dlq",
      partition: 0,
      key: "",
      value: NO_BYTES,
      headers: {},
      timestampMs: 0,
      ...record,
      offset,
    });
  };
  return {
    readers,
    letter: () => add({ value: Buffer.alloc(100) }),
    mark(offset: number) {
      const letter = records[offset] as ReceivedRecord;
      add(markRecord(letter, { handling: "replayed", actor: "ann", at: "", why: "" }));
    },
    async read() {
      let over = false;
      const read = view.read(60_000).finally(() => (over = true));
      await until(async () => {
        for (const reader of readers.filter(({ running, read: upTo }) => running && upTo < records.length)) {
          await reader.handle({ records: records.slice(reader.read) } as unknown as Batch);
          reader.read = records.length;
        }
        return over ? undefined : "not read";
      });
      const found = await read;
      return found === "being read" ? undefined : found;
    },
    stop: () => view.stop(),
  };
}

it("of too many letters, handled ones are forgotten first, then new ones are only counted", async () => {
  const { letter, mark, read, stop } = dlq({ bytesMax: 1000 });
  for (let i = 0; i < 9; i++) letter();
  for (const offset of [0, 1, 2]) mark(offset);
  for (let i = 0; i < 6; i++) letter();
  const found = await read();
  expect(found && [...found.letters.keys()].map(Number)).toEqual([3, 4, 5, 6, 7, 8, 12, 13, 14, 15]);
  expect(found?.notShown).toBe(2);
  await stop();
});

it("a letter that does not fit costs no look at all that are kept", async () => {
  const { letter, read, stop } = dlq({ bytesMax: 100 * 20_000 });
  for (let i = 0; i < 60_000; i++) letter();
  const looks = vi.spyOn(Map.prototype, Symbol.iterator);
  const found = await read();
  const count = looks.mock.calls.length;
  looks.mockRestore();
  expect([found?.letters.size, found?.notShown]).toEqual([20_000, 40_000]);
  expect(count, "looks at all that are kept").toBeLessThan(100);
  await stop();
});

it("shows what did not fit when those before it are handled, though their marks come last", async () => {
  const { letter, mark, read, readers, stop } = dlq({ bytesMax: 1000 });
  for (let i = 0; i < 12; i++) letter();
  expect((await read())?.notShown).toBe(2);
  for (let i = 0; i < 10; i++) mark(i);
  for (let i = 0; i < 2; i++) letter(); // for which the handled ones make room
  await read();
  const found = await read();
  expect([found && [...found.letters.keys()].map(Number), found?.notShown]).toEqual([[10, 11, 22, 23], 0]);
  await read();
  expect(readers).toHaveLength(2); // and is not read anew each time
  await stop();
});

it("whoever looks no more leaves no reader behind, also when it was begun anew meanwhile", async () => {
  const { letter, mark, read, readers } = dlq({ bytesMax: 1000, idleMs: 300 });
  for (let i = 0; i < 11; i++) letter();
  await read();
  for (let i = 0; i < 10; i++) mark(i);
  for (let i = 0; i < 2; i++) letter();
  while (readers.length < 2) await read();
  await until(() => (readers.some(({ running }) => running) ? "still reads" : undefined), 5000);
});
