import { until } from "@muster/testkit";
import { afterEach, expect, it } from "vitest";
import { ALLOCATES, LOOPS } from "../../test/games.ts";
import { endedMatch } from "../../test/matches.ts";
import { THREADS } from "../../test/verifying.ts";
import { endedMatchOf, fileOf } from "../replays.ts";
import { ThreadFailedError, VerifyThreads, type VerifyThreadsOptions } from "./verify-threads.ts";

let threads: VerifyThreads;
afterEach(() => threads.stop());
const open = (options: Partial<VerifyThreadsOptions> = {}): VerifyThreads =>
  (threads = new VerifyThreads({ ...THREADS, ...options }));

async function fileWith(changes: Parameters<typeof endedMatch>[0] = {}): Promise<Buffer> {
  const event = await endedMatch(changes);
  const file = fileOf(endedMatchOf(event), Buffer.from(event.data.inputLog ?? "", "base64"));
  return file?.content ?? Buffer.alloc(0);
}
const runaway = (how: number) => fileWith({ gameId: "runaway", buildId: "1", options: { how } });

it("ends a game that takes longer than its budget, and verifies the next match in another thread", async () => {
  open({ budgetMs: 300 });
  expect(await threads.verify(await runaway(LOOPS))).toMatchObject({ verdict: "unverifiable", reason: "timeout" });
  expect(threads.running).toBe(0);
  const good = await fileWith();
  await until(
    async () => ((await threads.verify(good)).verdict === "verified" ? undefined : "too slow a machine"),
    60_000,
  );
  expect([threads.running, threads.stuck]).toEqual([1, false]);
});

it("ends a game that fills its heap, and verifies the next match in another thread", async () => {
  open();
  expect(await threads.verify(await runaway(ALLOCATES))).toMatchObject({
    verdict: "unverifiable",
    reason: "too_costly",
  });
  expect(await threads.verify(await fileWith())).toMatchObject({ verdict: "verified" });
});

it("has no thread without work", async () => {
  open({ idleMs: 50 });
  expect(threads.running).toBe(0);
  await threads.verify(await fileWith());
  await until(() => (threads.running === 0 ? undefined : "it has not ended"));
});

it("uses a thread again", async () => {
  open();
  const file = await fileWith();
  for (let i = 0; i < 3; i++) expect((await threads.verify(file)).verdict).toBe("verified");
  expect(threads.running).toBe(1);
});

it("says so when a thread cannot work: that is no match's fault", async () => {
  open({ gamesModule: "no:such-module" });
  await expect(threads.verify(await fileWith())).rejects.toThrow(ThreadFailedError);
  expect(threads.running).toBe(0);
});

it("refuses a log that inflates to more than a shard lets it grow to", async () => {
  open();
  const bomb = await fileWith({ log: () => new Uint8Array(4 * 1024 * 1024) });
  expect(await threads.verify(bomb)).toMatchObject({ verdict: "unverifiable", reason: "log_unreadable" });
});
