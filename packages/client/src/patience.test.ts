// What the SDK does when the server has too much to do.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type Method, NOTHING, request } from "./rest.ts";

const URL = "http://localhost:1";
const BUSY = { code: "overloaded", message: "Too much to do.", traceId: "1".repeat(32) };

let sentAtMs: number[] = [];
/** Refusals before an answer. */
let refusals = 0;
let retryAfter: string | undefined;
let status = 503;

beforeEach(() => {
  vi.useFakeTimers();
  sentAtMs = [];
  status = 503;
  vi.stubGlobal("fetch", async () => {
    sentAtMs.push(Date.now());
    if (refusals-- <= 0) return new Response(undefined, { status: 204 });
    const headers = { "content-type": "application/json", ...(retryAfter && { "retry-after": retryAfter }) };
    return new Response(JSON.stringify({ error: BUSY }), { status, headers });
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

async function ask(method: Method, path: string): Promise<string> {
  const answer = request(URL, method, path, NOTHING).then(
    () => "answered",
    (err: { code: string }) => err.code,
  );
  await vi.advanceTimersByTimeAsync(20_000);
  return answer;
}

/** Earns what the tests before have used up. */
async function manyOthers(): Promise<void> {
  refusals = 0;
  for (let i = 0; i < 60; i++) await request(URL, "GET", "/v1/me", NOTHING);
  sentAtMs = [];
}

it.each<[Method, string]>([
  ["GET", "/v1/leaderboards/duel"],
  ["POST", "/v1/auth/refresh"],
  ["POST", "/v1/auth/logout"],
])("%s %s is sent again when the server said so, not before, and not all at the same time", async (method, path) => {
  const waits = new Set<number>();
  for (let i = 0; i < 4; i++) {
    await manyOthers();
    [refusals, retryAfter] = [1, "3"];
    expect(await ask(method, path)).toBe("answered");
    const [first, second] = sentAtMs as [number, number];
    expect(second - first).toBeGreaterThanOrEqual(3000);
    expect(second - first).toBeLessThanOrEqual(4500);
    waits.add(second - first);
  }
  expect(waits.size).toBeGreaterThan(1);
});

it.each<[string, Method, string, string | undefined, number]>([
  ["the server did not say when", "GET", "/v1/me", undefined, 503],
  ["it would be too long", "GET", "/v1/me", "10", 503],
  ["it may not be repeated", "POST", "/v1/auth/register", "1", 503],
  ["it was the player's own fault", "GET", "/v1/me", "1", 429],
])("is not sent again when %s", async (_why, method, path, after, answered) => {
  await manyOthers();
  [refusals, retryAfter, status] = [1, after, answered];
  expect(await ask(method, path)).toBe("overloaded");
  expect(sentAtMs).toHaveLength(1);
});

it("is sent again once, and of many requests few are", async () => {
  await manyOthers();
  [refusals, retryAfter] = [Infinity, "1"];
  expect(await ask("GET", "/v1/me")).toBe("overloaded");
  expect(sentAtMs).toHaveLength(2);
  for (let i = 0; i < 60; i++) await ask("GET", "/v1/me");
  expect(sentAtMs.length).toBeLessThanOrEqual(61 + 5 + 6 + 1);
});
