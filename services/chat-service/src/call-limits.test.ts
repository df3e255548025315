import { ChatService } from "@muster/contracts/chat/v2";
import { describe, expect, it } from "vitest";
import { CallLimits } from "./call-limits.ts";
import { chatRpc } from "./rpc.ts";
import type { RpcParts } from "./rpc/parts.ts";

function limits(parts: { burst: number; atOnce: number; nowMs?: () => number }): {
  calls: CallLimits;
  refused: () => number;
} {
  let count = 0;
  const calls = new CallLimits({
    rate: { everyMs: 100, burst: parts.burst },
    atOnce: parts.atOnce,
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

it("hands its place on when a call fails, and does nothing for a caller that gave up while it waited", async () => {
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
