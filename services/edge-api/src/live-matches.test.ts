import { expect, it } from "vitest";
import { LiveMatches, type LiveQuery } from "./live-matches.ts";

const FIRST: LiveQuery = { mode: "", pageSize: 20, cursor: "" };

function reading() {
  let at = 0;
  const reads: LiveQuery[] = [];
  const waiting: { resolve(page: { nr: number }): void; reject(err: Error): void }[] = [];
  const live = new LiveMatches<{ nr: number }>({
    readWithinMs: 1000,
    now: () => at,
    told: () => ["duel", "next"],
    read(query) {
      reads.push(query);
      const { promise, resolve, reject } = Promise.withResolvers<{ nr: number }>();
      waiting.push({ resolve, reject });
      return promise;
    },
  });
  const answer = (nr: number): void => waiting[nr - 1]?.resolve({ nr });
  return { live, reads, answer, waiting, pass: (ms: number) => void (at += ms) };
}

it("a page is read once for all who ask while it is read, and for a second afterwards", async () => {
  const { live, reads, answer, pass } = reading();
  const asked = [live.page(FIRST), live.page(FIRST), live.page({ ...FIRST })];
  pass(5000); // it takes long
  asked.push(live.page(FIRST));
  answer(1);
  expect(await Promise.all(asked)).toEqual(Array.from({ length: 4 }, () => ({ nr: 1 })));
  pass(999);
  expect(await live.page(FIRST)).toEqual({ nr: 1 });
  expect(reads).toHaveLength(1);
  pass(1);
  const next = live.page(FIRST);
  answer(2);
  expect(await next).toEqual({ nr: 2 });
});

it("pages of another mode, size or cursor are pages of their own", async () => {
  const { live, reads, answer } = reading();
  const others = [{}, { mode: "duel" }, { pageSize: 5 }, { cursor: "x" }, { mode: "duel" }];
  const asked = others.map((other) => live.page({ ...FIRST, ...other }));
  for (let nr = 1; nr <= 4; nr++) answer(nr);
  expect((await Promise.all(asked)).map(({ nr }) => nr)).toEqual([1, 2, 3, 4, 2]);
  expect(reads).toHaveLength(4);
  expect(live.size).toBe(4);
});

it("a failure is told to all who wait, and asked for anew", async () => {
  const { live, reads, answer, waiting } = reading();
  const both = [live.page(FIRST), live.page(FIRST)];
  waiting[0]?.reject(new Error("away"));
  expect((await Promise.allSettled(both)).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  const again = live.page(FIRST);
  answer(2);
  expect(await again).toEqual({ nr: 2 });
  expect(reads).toHaveLength(2);
});

it("whoever makes up modes and cursors is refused after some, and takes no page from others", async () => {
  const { live, reads, answer, pass } = reading();
  const first = live.page(FIRST);
  answer(1);
  await first;
  const made: Promise<unknown>[] = [];
  for (let i = 0; i < 100; i++) made.push(live.page({ ...FIRST, cursor: `forged-${i}` }).catch((err: unknown) => err));
  for (const refused of await Promise.all(made.slice(20))) expect(refused).toMatchObject({ answer: { code: "busy" } });
  expect(reads).toHaveLength(21);
  // What was given out, and the first page, are read as before.
  const others = [live.page({ ...FIRST, mode: "duel" }), live.page({ ...FIRST, mode: "duel", cursor: "next" })];
  expect(reads).toHaveLength(23);
  await expect(live.page({ ...FIRST, mode: "chess" })).rejects.toThrow("Too many different pages");
  pass(1000);
  others.push(live.page({ ...FIRST, mode: "chess" }));
  expect(reads).toHaveLength(24);
  for (let nr = 2; nr <= 24; nr++) answer(nr);
  expect(await Promise.all(others)).toHaveLength(3);
});
