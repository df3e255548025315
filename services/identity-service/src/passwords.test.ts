import { createMetrics, withBudget } from "@muster/runtime";
import { expect, it } from "vitest";
import { createPasswords } from "./passwords.ts";

it("hashing for known devices has a queue of its own: unknown devices cannot fill it, from however many addresses", async () => {
  const passwords = createPasswords({ logInsMax: 1, registrationsMax: 1, waitingMax: 2 });
  const crowd = Array.from({ length: 8 }, (_, i) =>
    passwords.verify("wrong", undefined, { queue: "log-in", source: `192.0.2.${i}` }).catch((err: Error) => err),
  );
  const owner = await passwords.verify("wrong", undefined, { queue: "known", source: "198.51.100.1" });
  expect(owner).toBe(false);
  const refused = (await Promise.all(crowd)).filter((outcome) => outcome !== false);
  expect(refused).toHaveLength(5);
  for (const refusal of refused) expect(refusal).toMatchObject({ code: "overloaded", details: { retryAfterS: 2 } });
});

it("who fills a queue alone is told so, and nobody else has less of it", async () => {
  const passwords = createPasswords({ logInsMax: 1, registrationsMax: 1, waitingMax: 10 });
  const hash = (source: string): Promise<string> =>
    passwords.hash("wrong", { queue: "registration", source }).then(
      () => "hashed",
      (err: { code: string }) => err.code,
    );
  const flood = Array.from({ length: 30 }, () => hash("192.0.2.1"));
  const other = hash("192.0.2.2");
  expect(await other).toBe("hashed");
  expect(counts(await Promise.all(flood))).toEqual({ hashed: 9, busy: 21 });
});

it("hashes nothing for a caller that has gone, or has too little time left", async () => {
  const metrics = createMetrics("test");
  const passwords = createPasswords({ logInsMax: 1, registrationsMax: 1, waitingMax: 10 }, metrics);
  const gone = new AbortController();
  const hash = (): Promise<string> =>
    passwords.hash("wrong", { queue: "registration", source: "192.0.2.1" }).then(
      () => "hashed",
      (err: { code: string }) => err.code,
    );
  const budget = { deadlineAt: performance.now() + 60_000, signal: gone.signal };
  const waiting = withBudget(budget, () => [hash(), hash(), hash()]);
  const late = withBudget(
    { ...budget, deadlineAt: performance.now() + 10, signal: new AbortController().signal },
    hash,
  );
  gone.abort();
  expect(await Promise.all([...waiting, late])).toEqual([
    "hashed", // it had begun
    "deadline_exceeded",
    "deadline_exceeded",
    "deadline_exceeded",
  ]);
  expect(await metrics.metrics()).toMatch(/identity_hashing_refused_total\{.*why="gone".*\} 2/);
});

function counts(outcomes: readonly string[]): Record<string, number> {
  const all: Record<string, number> = {};
  for (const one of outcomes) all[one] = (all[one] ?? 0) + 1;
  return all;
}

it("and uses the slots that unknown devices leave free: as many at once as without it, and one more", async () => {
  const passwords = createPasswords({ logInsMax: 2, registrationsMax: 1, waitingMax: 0 });
  const verify = (): Promise<boolean | string> =>
    passwords
      .verify("wrong", undefined, { queue: "known", source: "198.51.100.1" })
      .catch((err: { code: string }) => err.code);
  expect(await Promise.all([verify(), verify(), verify(), verify()])).toEqual([false, false, false, "busy"]);
});
