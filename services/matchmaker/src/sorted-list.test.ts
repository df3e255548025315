import fc from "fast-check";
import { expect, it } from "vitest";
import { SortedList } from "./sorted-list.ts";

/** Many have the same. */
const keyOf = (number: number): number => Math.floor(number / 10);

it("holds what an array that is sorted after every change would, and walks it both ways from any place", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -2000, max: 2000 }), { maxLength: 3000 }), fc.integer(), (numbers, from) => {
      const list = new SortedList<number>(keyOf, (a, b) => a - b);
      const held = new Set<number>();
      for (const number of numbers) {
        // Every second time that it comes, it goes.
        if (held.delete(number)) expect(list.remove(number)).toBe(true);
        else {
          list.insert(number);
          held.add(number);
        }
      }
      expect(list.remove(5000)).toBe(false);
      const sorted = [...held].toSorted((a, b) => a - b);
      expect(list.length).toBe(sorted.length);
      const up: number[] = [];
      const place = { chunk: 0, index: 0 };
      for (list.seek(place, keyOf(from), from); list.at(place) !== undefined; list.forward(place))
        up.push(list.at(place) as number);
      expect(up).toEqual(sorted.filter((n) => n >= from));
      const down: number[] = [];
      list.seek(place, keyOf(from), from);
      for (list.back(place); list.at(place) !== undefined; list.back(place)) down.push(list.at(place) as number);
      expect(down).toEqual(sorted.filter((n) => n < from).toReversed());
    }),
    { numRuns: 50 },
  );
});
