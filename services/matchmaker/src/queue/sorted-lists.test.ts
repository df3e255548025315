import fc from "fast-check";
import { expect, it } from "vitest";
import { Links } from "./links.ts";
import { SortedLists } from "./sorted-lists.ts";

const LISTS = 2;
const CAPACITY = 64;

it("hold what arrays that are sorted after every change would, walk them both ways, and find positions in each other", () => {
  const actions = fc.array(
    fc.record({ element: fc.integer({ min: LISTS, max: CAPACITY * 8 - 1 }), list: fc.constantFrom(0, 1) }),
    { maxLength: 1500 },
  );
  // Neighbours by number are far from each other in the order.
  const key = (element: number): number => (element * 197) % 1021;
  fc.assert(
    fc.property(actions, (all) => {
      let capacity = CAPACITY;
      const links = new Links(new Int32Array(3 * capacity), 3, 1);
      const lists = new SortedLists(links, LISTS, capacity, (a, b) => key(a) < key(b));
      const listOf = new Map<number, number>();
      for (const { element, list } of all) {
        for (; element >= capacity; capacity *= 2) {
          links.moveTo(Int32Array.from({ length: 6 * capacity }, (_, i) => links.words[i] ?? 0));
          lists.grow(2 * capacity);
        }
        // Every second time that it comes, it goes.
        if (listOf.delete(element)) lists.remove(element);
        else {
          lists.insert(list, element);
          listOf.set(element, list);
        }
      }
      for (const list of [0, 1]) {
        const expected = [...listOf].flatMap(([element, its]) => (its === list ? [element] : []));
        expected.sort((a, b) => key(a) - key(b));
        const up: number[] = [];
        for (let at = lists.next(list); at !== list; at = lists.next(at)) up.push(at);
        expect(up).toEqual(expected);
        const down: number[] = [];
        for (let at = lists.previous(list); at !== list; at = lists.previous(at)) down.push(at);
        expect(down).toEqual(expected.toReversed());
        expect(lists.isEmpty(list)).toBe(expected.length === 0);
        for (const [element, its] of listOf)
          if (its !== list)
            expect(lists.seek(list, element)).toBe(expected.find((one) => key(one) > key(element)) ?? list);
      }
    }),
    { numRuns: 50 },
  );
});
