import type { AppError } from "@muster/errors";
import { withBudget } from "@muster/runtime";
import { expect, it } from "vitest";
import { Downloads } from "./downloads.ts";
import { Refusal } from "./errors.ts";

const GUEST = "203.0.113.7";
const HONEST = "198.51.100.1";

it("one address with a hundred downloads leaves room for another one, and is told that it is busy", async () => {
  const downloads = new Downloads();
  const release = Promise.withResolvers<void>();
  let [running, most] = [0, 0];
  const slow = async (): Promise<void> => {
    most = Math.max(most, ++running);
    await release.promise;
    running--;
  };
  const flood = Array.from({ length: 100 }, () => downloads.run(GUEST, slow).catch((err: unknown) => err));
  expect(await downloads.run(HONEST, async () => "file")).toBe("file");
  expect(await downloads.run("2001:db8::1", async () => "file"), "also by IPv6").toBe("file");
  release.resolve();
  const ended = await Promise.all(flood);
  expect(most).toBe(2);
  const refused = ended.filter((one): one is Refusal => one instanceof Refusal);
  expect(refused).toHaveLength(100 - 2 - 32);
  expect(refused[0]?.answer).toMatchObject({ status: 429, code: "busy" });
  expect(refused[0]?.headers["retry-after"]).toBe("1");
});

it("nobody waits for a turn beyond the request's deadline, or after it has gone", async () => {
  const downloads = new Downloads();
  const release = Promise.withResolvers<void>();
  const running = [1, 2].map(() => downloads.run(GUEST, () => release.promise));
  let reads = 0;
  const late = (deadlineAt: number, signal: AbortSignal): Promise<unknown> =>
    withBudget({ deadlineAt, signal }, () => downloads.run(GUEST, async () => void reads++)).catch(
      (err: unknown) => (err as AppError).code,
    );
  expect(await late(performance.now() + 60, new AbortController().signal)).toBe("deadline_exceeded");
  expect(await late(performance.now() + 60_000, AbortSignal.abort())).toBe("deadline_exceeded");
  release.resolve();
  await Promise.all(running);
  expect(reads).toBe(0);
});
