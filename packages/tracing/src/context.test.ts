import { describe, expect, it } from "vitest";
import {
  childOf,
  continueTrace,
  currentTrace,
  formatTraceparent,
  newTrace,
  parseTraceparent,
  withTrace,
} from "./context.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const GOOD = `00-${TRACE}-00f067aa0ba902b7-01`;

describe("a traceparent", () => {
  it.each([
    { note: "a good one", text: GOOD, ok: true },
    { note: "a later version with more", text: `cc-${TRACE}-00f067aa0ba902b7-01-what-comes`, ok: true },
    { note: "version 00 with more", text: `${GOOD}-x`, ok: false },
    { note: "the forbidden version", text: `ff-${TRACE}-00f067aa0ba902b7-01`, ok: false },
    { note: "a zero trace", text: `00-${"0".repeat(32)}-00f067aa0ba902b7-01`, ok: false },
    { note: "a zero span", text: `00-${TRACE}-${"0".repeat(16)}-01`, ok: false },
    { note: "upper case", text: GOOD.toUpperCase(), ok: false },
    { note: "too short", text: "00-abc-def-01", ok: false },
    { note: "empty", text: "", ok: false },
  ])("is read or refused: $note", ({ text, ok }) => {
    expect(parseTraceparent(text) !== undefined).toBe(ok);
  });

  it("keeps the trace and changes the span from hop to hop", () => {
    const parent = parseTraceparent(GOOD);
    if (!parent) throw new Error("parsed");
    const child = childOf(parent);
    expect(child.traceId).toBe(TRACE);
    expect(child.spanId).not.toBe(parent.spanId);
    expect(parseTraceparent(formatTraceparent(child))).toEqual(child);
    expect(continueTrace("rubbish").traceId).not.toBe(TRACE);
  });

  it("is there in everything that its work starts, and nowhere else", async () => {
    const context = newTrace();
    await withTrace(context, async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      expect(currentTrace()).toBe(context);
    });
    expect(currentTrace()).toBeUndefined();
  });
});
