import { describe, expect, it } from "vitest";
import { Random } from "../engine/random.ts";
import { RecordLog } from "./record-log.ts";

describe("a log of records", () => {
  it("gives back what it got, however long, whatever the logs beside it get, and after it was cleared", () => {
    const rng = new Random({ words: new Int32Array(1) }, 0);
    rng.seed(7);
    // More than share a slab.
    const logs = Array.from({ length: 300 }, () => ({ log: new RecordLog(), records: [] as Uint8Array[] }));
    const lengths = [0, 1, 7, 20, 127, 128, 300, 511, 512, 513, 2000];
    for (let round = 0; round < 20_000; round++) {
      const { log, records } = logs[rng.below(logs.length)] as (typeof logs)[number];
      if (rng.below(400) === 0) {
        log.clear();
        records.length = 0;
      }
      const from = rng.below(3);
      const to = from + (lengths[rng.below(rng.below(4) === 0 ? lengths.length : 4)] as number);
      const bytes = Uint8Array.from({ length: to + 2 }, () => rng.below(256));
      log.append(bytes, from, to);
      records.push(bytes.slice(from, to));
      if (rng.below(50) === 0) expect([...log]).toEqual(records);
    }
    for (const { log, records } of logs) {
      expect([...log]).toEqual(records);
      expect(log.bytes).toHaveLength(log.length);
    }
  });

  it("begins with nothing, and has nothing once it is cleared", () => {
    const log = new RecordLog();
    expect(log.length).toBe(0);
    log.append(new Uint8Array(1000));
    log.clear();
    expect(log.length).toBe(0);
    expect([...log]).toEqual([]);
  });
});
