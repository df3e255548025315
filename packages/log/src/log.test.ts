import { Writable } from "node:stream";
import { AppError } from "@muster/errors";
import { describe, expect, it } from "vitest";
import { createLogger } from "./index.ts";
import { FORGOTTEN_MESSAGES, MESSAGES_MAX, PROBLEM_RATE, ROUTINE_RATE, Sampler } from "./sampling.ts";

function logging(): { log: ReturnType<typeof createLogger>; lines: Record<string, unknown>[]; bytes: () => number } {
  const lines: Record<string, unknown>[] = [];
  let bytes = 0;
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
      done();
    },
  });
  return { log: createLogger("test", "info", sink), lines, bytes: () => bytes };
}

const ROW = { grpc: "unavailable", retryable: true, message: "No." } as const;

describe("a log", () => {
  it("has no stack of what is expected, and one of what is not", () => {
    const { log, lines } = logging();
    log.warn({ err: new AppError("too_many", ROW, { cause: new Error("the pool is full") }) }, "refused");
    log.error({ err: new TypeError("x is undefined") }, "broken");
    log.error({ err: new AppError("internal", ROW, { cause: new TypeError("y is undefined") }) }, "broken too");
    const [refused, broken, brokenToo] = lines.map(({ err }) => err as Record<string, unknown>);
    expect(refused).toEqual({
      type: "AppError",
      code: "too_many",
      message: "No.",
      causes: ["Error: the pool is full"],
    });
    expect(broken?.["stack"]).toContain("log.test.ts");
    expect(brokenToo?.["stack"]).toContain("y is undefined");
  });

  it("is bounded whatever one message says: a flood of refusals writes its burst and its rate, and how many it left out", () => {
    const { log, lines, bytes } = logging();
    for (let i = 0; i < 20_000; i++)
      log.warn({ i, err: new AppError("too_many", ROW, { cause: new Error("again") }) }, "refused");
    log.warn("something else");
    expect(lines.length).toBeLessThan(PROBLEM_RATE.burstLines + 100);
    expect(lines.at(-1)).toMatchObject({ msg: "something else" });
    expect(bytes()).toBeLessThan(100_000);
  });

  it("says with the next line of a message how many were left out before it", () => {
    let now = 0;
    const sampler = new Sampler(() => now);
    const taken = Array.from({ length: ROUTINE_RATE.burstLines + 7 }, () => sampler.take("request", ROUTINE_RATE));
    expect(taken.filter((leftOut) => leftOut === 0)).toHaveLength(ROUTINE_RATE.burstLines);
    expect(sampler.take("another", ROUTINE_RATE)).toBe(0);
    now = 1000;
    expect(sampler.take("request", ROUTINE_RATE)).toBe(7);
    expect(sampler.take("request", ROUTINE_RATE)).toBe(0);
  });

  it("loses no count when there are too many messages", () => {
    const sampler = new Sampler(() => 0);
    const leftOut = 7;
    for (let i = 0; i < PROBLEM_RATE.burstLines + leftOut; i++) sampler.take("first", PROBLEM_RATE);
    for (let i = 0; i < MESSAGES_MAX; i++) sampler.take(`message ${i}`, PROBLEM_RATE);
    expect(sampler.drain()).toEqual({ [FORGOTTEN_MESSAGES]: leftOut });
    expect(sampler.drain()).toEqual({});
  });
});
