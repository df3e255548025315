import fc from "fast-check";
import { expect, it } from "vitest";
import { BoundedMap, measureBounded } from "./bounded-map.ts";
import { createMetrics } from "./metrics.ts";

it("holds what was set latest, as many as it may, and counts what it lets go", () => {
  const step = fc.record({ act: fc.constantFrom("set", "set", "get", "delete"), key: fc.integer({ min: 0, max: 9 }) });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 200 }), (entriesMax, steps) => {
      const evicted: number[] = [];
      const map = new BoundedMap<string, number>(entriesMax, (value) => evicted.push(value));
      let model: { key: string; value: number }[] = [];
      const gone: number[] = [];
      for (const [value, { act, key: number }] of steps.entries()) {
        const key = String(number);
        if (act === "get") expect(map.get(key)).toBe(model.find((one) => one.key === key)?.value);
        else model = model.filter((one) => one.key !== key);
        if (act === "delete") map.delete(key);
        if (act !== "set") continue;
        map.set(key, value);
        model.push({ key, value });
        if (model.length > entriesMax) gone.push(model.shift()?.value as number);
      }
      expect(evicted).toEqual(gone);
      expect([map.size, map.evictions]).toEqual([model.length, gone.length]);
      for (let key = 0; key < 10; key++)
        expect(map.has(String(key))).toBe(model.some((one) => one.key === String(key)));
    }),
  );
});

it("costs the same when it is full: an entry more does not walk past those that are gone", () => {
  const entriesMax = 50_000;
  const map = new BoundedMap<string, true>(entriesMax);
  const setMs = (from: number): number => {
    const { user } = process.threadCpuUsage();
    for (let i = from; i < from + entriesMax; i++) map.set(`a key of about the length of an id ${i}`, true);
    return (process.threadCpuUsage().user - user) / 1000;
  };
  setMs(0);
  expect(setMs(entriesMax)).toBeLessThan(1000); // 44 µs each with a Map, and 5 here
  expect(map.size).toBe(entriesMax);
});

it("tells of each by its name", async () => {
  const metrics = createMetrics("a-service");
  const [small, other] = [new BoundedMap<string, number>(1), new BoundedMap<string, number>(9)];
  measureBounded(metrics, { small, other });
  for (const key of ["a", "b", "c"]) small.set(key, 1);
  for (let scrape = 0; scrape < 2; scrape++) {
    const text = await metrics.metrics();
    expect(text).toMatch(/^bounded_map_entries\{map="small",.*\} 1$/m);
    expect(text).toMatch(/^bounded_map_evictions_total\{map="small",.*\} 2$/m);
    expect(text).toMatch(/^bounded_map_evictions_total\{map="other",.*\} 0$/m);
  }
});
