import { ChatService } from "@muster/contracts/chat/v2";
import { describe, expect, it } from "vitest";
import { CallLimits } from "./call-limits.ts";
import { chatRpc } from "./rpc.ts";
import type { RpcParts } from "./rpc/parts.ts";

function limits(parts: { burst: number; atOnce: number; ofAll?: number; nowMs?: () => number }): {
  calls: CallLimits;
  refused: () => number;
} {
  let count = 0;
  const calls = new CallLimits({
    rate: { everyMs: 100, burst: parts.burst },
    atOnce: parts.atOnce,
    atOnceOfAll: parts.ofAll ?? 100,
    now: () => new Date(parts.nowMs?.() ?? 0),
    onRefused: () => void count++,
  });
  return { calls, refused: () => count };
}

it("has no more of one player's calls at work than it says, and others' beside them", async () => {
  const { calls } = limits({ burst: 100, atOnce: 2 });
  const most = { ann: 0, all: 0 };
  const running = { ann: 0, bob: 0 };
  const work = (who: "ann" | "bob") => async (): Promise<void> => {
    running[who]++;
    most.ann = Math.max(most.ann, running.ann);
    most.all = Math.max(most.all, running.ann + running.bob);
    await new Promise((resolve) => setImmediate(resolve));
    running[who]--;
  };
  await Promise.all([
    ...Array.from({ length: 10 }, () => calls.run("ann", work("ann"))),
    ...Array.from({ length: 10 }, () => calls.run("bob", work("bob"))),
  ]);
  expect(most).toEqual({ ann: 2, all: 4 });
});

it("refuses beyond the rate without doing the work, and lets in again when the time has come", async () => {
  let nowMs = 0;
  const { calls, refused } = limits({ burst: 3, atOnce: 2, nowMs: () => nowMs });
  let done = 0;
  const call = (): Promise<number> => calls.run("ann", () => ++done);
  for (let i = 0; i < 3; i++) await call();
  await expect(call()).rejects.toMatchObject({ code: "chat_rate_limited", details: { retryAfterS: 1 } });
  expect([done, refused()]).toEqual([3, 1]);
  await calls.run("bob", () => undefined);
  nowMs = 100;
  expect(await call()).toBe(4);
});

it("frees its slot when a call fails, and does nothing for a caller that gave up while it waited", async () => {
  const { calls } = limits({ burst: 10, atOnce: 1 });
  const failed = calls.run("ann", () => Promise.reject(new Error("no")));
  const gone = new AbortController();
  let did = false;
  const given = calls.run("ann", () => void (did = true), gone.signal);
  const last = calls.run("ann", () => "last");
  gone.abort(new Error("gave up"));
  await expect(failed).rejects.toThrow("no");
  await expect(given).rejects.toThrow("gave up");
  expect(await last).toBe("last");
  expect(did).toBe(false);
});

/** A call that is at work until it is ended. */
function open(calls: CallLimits, playerId: string): { began(): boolean; end(): void; done: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  let began = false;
  const done = calls.run(playerId, () => ((began = true), promise));
  done.catch(() => undefined); // told to whoever awaits it
  return { began: () => began, end: resolve, done };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it("lets in who has asked least before a crowd that waits already", async () => {
  const { calls } = limits({ burst: 10, atOnce: 2, ofAll: 2 });
  const crowd = Array.from({ length: 8 }, (_, i) => open(calls, `guest ${i % 4}`));
  const ann = open(calls, "ann");
  await settled();
  expect([crowd.filter((one) => one.began()).length, ann.began(), calls.waiting]).toEqual([2, false, 7]);
  crowd[0]?.end();
  await settled();
  // The first calls of two guests came before hers; theirs are no more than hers. Their second calls come after.
  crowd[1]?.end();
  await settled();
  expect([crowd[2]?.began(), crowd[3]?.began(), ann.began()]).toEqual([true, true, false]);
  crowd[2]?.end();
  await settled();
  expect([ann.began(), crowd.slice(4).some((one) => one.began())]).toEqual([true, false]);
});

it("refuses, where too many wait, a call of who has asked most", async () => {
  const { calls, refused } = limits({ burst: 2000, atOnce: 1, ofAll: 1 });
  const crowd = Array.from({ length: 1001 }, () => open(calls, "guest"));
  const ann = open(calls, "ann");
  await expect(crowd.at(-1)?.done).rejects.toMatchObject({ code: "chat_rate_limited", details: { retryAfterS: 1 } });
  expect([calls.waiting, refused()]).toEqual([1000, 1]);
  crowd[0]?.end();
  await settled();
  expect(ann.began()).toBe(true);
});

it("keeps no slot for a caller that gave up while it waited", async () => {
  const { calls } = limits({ burst: 10, atOnce: 1, ofAll: 1 });
  const first = open(calls, "ann");
  const gone = new AbortController();
  const given = calls.run("bob", () => undefined, gone.signal);
  await settled();
  expect(calls.waiting).toBe(1);
  gone.abort(new Error("gave up"));
  await expect(given).rejects.toThrow("gave up");
  expect(calls.waiting).toBe(0);
  first.end();
  await calls.run("cat", () => undefined);
});

it("gives its slot to another while a call waits for another service", async () => {
  const { calls } = limits({ burst: 10, atOnce: 1, ofAll: 1 });
  const { promise, resolve } = Promise.withResolvers<void>();
  const outside = calls.run("ann", () => calls.elsewhere(() => promise));
  await calls.run("bob", () => undefined);
  resolve();
  await outside;
  await calls.run("cat", () => undefined);
});

describe.each(ChatService.methods.filter(({ methodKind }) => methodKind === "unary"))("$localName", ({ localName }) => {
  it("is refused before it touches anything, when its player has asked too often", async () => {
    const { calls } = limits({ burst: 1, atOnce: 1 });
    await calls.run("ann", () => undefined);
    // Nothing but the limits: whatever else it touched would not be there.
    const rpc = chatRpc({ callLimits: calls } as RpcParts) as unknown as Record<
      string,
      (request: object, context: object) => Promise<unknown>
    >;
    const answer = rpc[localName]?.({ actor: { playerId: "ann", name: "ann" } }, {});
    await expect(answer).rejects.toMatchObject({ code: "chat_rate_limited" });
  });
});
