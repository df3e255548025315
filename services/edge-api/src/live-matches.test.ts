import { expect, it } from "vitest";
import { LiveMatches, type LiveQuery } from "./live-matches.ts";

const FIRST: LiveQuery = { mode: "", pageSize: 20, cursor: "" };
const [ANN, MALLORY] = ["203.0.113.1", "203.0.113.2"];

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
  const asked = [live.page(FIRST, ANN), live.page(FIRST, ANN), live.page({ ...FIRST }, ANN)];
  pass(5000); // it takes long
  asked.push(live.page(FIRST, ANN));
  answer(1);
  expect(await Promise.all(asked)).toEqual(Array.from({ length: 4 }, () => ({ nr: 1 })));
  pass(999);
  expect(await live.page(FIRST, ANN)).toEqual({ nr: 1 });
  expect(reads).toHaveLength(1);
  pass(1);
  const next = live.page(FIRST, ANN);
  answer(2);
  expect(await next).toEqual({ nr: 2 });
});

it("pages of another mode, size or cursor are pages of their own", async () => {
  const { live, reads, answer } = reading();
  const others = [{}, { mode: "duel" }, { pageSize: 5 }, { cursor: "x" }, { mode: "duel" }];
  const asked = others.map((other) => live.page({ ...FIRST, ...other }, ANN));
  for (let nr = 1; nr <= 4; nr++) answer(nr);
  expect((await Promise.all(asked)).map(({ nr }) => nr)).toEqual([1, 2, 3, 4, 2]);
  expect(reads).toHaveLength(4);
  expect(live.size).toBe(4);
});

it("a failure is told to all who wait, and asked for anew", async () => {
  const { live, reads, answer, waiting } = reading();
  const both = [live.page(FIRST, ANN), live.page(FIRST, ANN)];
  waiting[0]?.reject(new Error("away"));
  expect((await Promise.allSettled(both)).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  const again = live.page(FIRST, ANN);
  answer(2);
  expect(await again).toEqual({ nr: 2 });
  expect(reads).toHaveLength(2);
});

it("whoever makes up modes and cursors is refused after some, and takes no page from others", async () => {
  const { live, reads, answer, pass } = reading();
  const first = live.page(FIRST, ANN);
  answer(1);
  await first;
  const made = (count: number, address: string): Promise<unknown>[] =>
    Array.from({ length: count }, (_, i) =>
      live.page({ ...FIRST, cursor: `forged-${address}-${i}` }, address).catch((err: unknown) => err),
    );
  const own = made(100, MALLORY);
  for (const refused of await Promise.all(own.slice(10))) expect(refused).toMatchObject({ answer: { code: "busy" } });
  expect(reads).toHaveLength(11);
  // What was given out, and the first page, are read as before; a page by another process's cursor, and of a mode that nobody plays, as well.
  const others = [
    { mode: "duel" },
    { mode: "duel", cursor: "next" },
    { cursor: "of another process" },
    { mode: "chess" },
  ];
  const asked = others.map((query) => live.page({ ...FIRST, ...query }, ANN));
  expect(reads).toHaveLength(15);
  // Many together reach what a process reads for all of them, which takes no known page from anybody.
  const many = Array.from({ length: 20 }, (_, network) => made(10, `198.51.100.${network}`)).flat();
  expect(reads).toHaveLength(1 + 2 + 100);
  await expect(live.page({ ...FIRST, mode: "go" }, ANN)).rejects.toThrow("Too many different pages");
  asked.push(live.page({ ...FIRST, mode: "duel", pageSize: 5 }, ANN));
  pass(1000);
  asked.push(live.page({ ...FIRST, mode: "go" }, MALLORY));
  expect(reads).toHaveLength(105);
  for (let nr = 2; nr <= 105; nr++) answer(nr);
  expect(await Promise.all(asked)).toHaveLength(6);
  expect((await Promise.all(many)).filter((answer) => answer instanceof Error)).toHaveLength(200 - (100 - 2 - 10));
});
