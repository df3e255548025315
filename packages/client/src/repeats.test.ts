// A write whose answer is lost is sent again, by the same key; what is answered is not.
import { readFileSync } from "node:fs";
import path from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { parse } from "yaml";
import { CALLS, ID, TOKENS } from "../test/calls.ts";
import { MusterClient } from "./client.ts";
import { MusterError } from "./errors.ts";
import { repeated } from "./repeats.ts";

const CONTRACT = path.resolve(import.meta.dirname, "../../../contracts/openapi/edge.v1.yaml");
const { components } = parse(readFileSync(CONTRACT, "utf8")) as {
  components: { parameters: { IdempotencyKey: { name: string; schema: { pattern: string; maxLength: number } } } };
};
const PARAMETER = components.parameters.IdempotencyKey;

interface Sent {
  readonly method: string;
  readonly pathname: string;
  readonly key: string | undefined;
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** Answers with the first of these, and so on; the last one for good. */
function answering(...answers: (number | "lost" | object)[]): Sent[] {
  const sent: Sent[] = [];
  vi.stubGlobal("fetch", async (url: string, init: { method: string; headers: Record<string, string> }) => {
    const key = init.headers[PARAMETER.name.toLowerCase()];
    sent.push({ method: init.method, pathname: new URL(url).pathname, key });
    const answer = answers[Math.min(sent.length, answers.length) - 1];
    if (answer === "lost") throw new TypeError("fetch failed");
    const status = typeof answer === "number" ? answer : 409;
    const headers = { "content-type": "application/json", "retry-after": "0.01" };
    const error = { code: status === 409 ? "request_in_flight" : "unavailable", message: "no", traceId: "" };
    return status === 204 ? new Response(null, { status }) : Response.json({ error }, { status, headers });
  });
  return sent;
}
const client = (): MusterClient => new MusterClient({ url: "http://localhost", tokens: TOKENS });

it("keeps its key over its attempts, and another call has another key", async () => {
  const sent = answering("lost", 204);
  await client().revokeDevice(ID);
  await client().revokeDevice(ID);
  expect(sent.map(({ method }) => method)).toEqual(["DELETE", "DELETE", "DELETE"]);
  const [first, second, other] = sent.map(({ key }) => key);
  expect(first).toMatch(new RegExp(`^(?=.{1,${PARAMETER.schema.maxLength}}$)${PARAMETER.schema.pattern.slice(1)}`));
  expect([second === first, other === first]).toEqual([true, false]);
});

it("has a key of its own on pages without https too, where browsers have no randomUUID", async () => {
  vi.stubGlobal("crypto", { getRandomValues: (bytes: Uint8Array) => bytes.fill(171) });
  const sent = answering(204);
  await client().revokeDevice(ID);
  expect(sent[0]?.key).toBe("ab".repeat(16));
});

it("is given up after three", async () => {
  const sent = answering("lost");
  await expect(client().revokeDevice(ID)).rejects.toMatchObject({ code: "network" });
  expect(sent).toHaveLength(3);
});

it("is sent again while the first attempt is under way, and not when it was answered", async () => {
  const sent = answering({}, {}, 204);
  await client().revokeDevice(ID);
  expect(sent).toHaveLength(3);
  for (const status of [503, 500, 404]) {
    const again = answering(status);
    await expect(client().revokeDevice(ID)).rejects.toMatchObject({ status });
    expect(again).toHaveLength(1);
  }
});

it("has a key with every write but those with passwords and tokens, which are sent once", async () => {
  vi.spyOn(Math, "random").mockReturnValue(0);
  for (const [name, call] of Object.entries(CALLS)) {
    const sent = answering("lost");
    await Promise.resolve(call(client())).catch(() => undefined);
    for (const { method, pathname, key } of sent) {
      const secret = /^\/v1\/auth\/|^\/v1\/me\/(password|upgrade)$/.test(pathname);
      expect([name, key !== undefined]).toEqual([name, method !== "GET" && !secret]);
    }
  }
});

it("waits for as long as it is told, and begins nothing after fifteen seconds", async () => {
  const waits: number[] = [];
  vi.useFakeTimers({ toFake: ["setTimeout", "performance"] });
  try {
    const busy = new MusterError("request_in_flight", "no", { status: 409, details: { retryAfterMs: 9000 } });
    const attempt = vi.fn(async () => {
      waits.push(performance.now());
      throw busy;
    });
    const done = expect(repeated(attempt, () => 0)).rejects.toBe(busy);
    await vi.advanceTimersByTimeAsync(30_000);
    await done;
    expect(waits.map((at) => Math.round(at - (waits[0] ?? 0)))).toEqual([0, 9000]);
  } finally {
    vi.useRealTimers();
  }
});
