import { INPUT_HEADER_BYTES, readInputHeader } from "@muster/realtime";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { OutgoingInputs } from "./outgoing-inputs.ts";

interface Sent {
  readonly seq: number;
  readonly tick: number;
  readonly value: number;
  readonly at: number;
}

function outgoing(mode: "held" | "event", tickRate = 30) {
  const sent: Sent[] = [];
  const dropped: string[] = [];
  const inputs = new OutgoingInputs(0, {
    mode,
    tickRate,
    send(frame) {
      const { seq, tick } = readInputHeader(frame, 1) as { seq: number; tick: number };
      sent.push({ seq, tick, value: frame[INPUT_HEADER_BYTES] as number, at: performance.now() });
    },
    onDropped: (code) => void dropped.push(code),
  });
  return { inputs, sent, dropped };
}

describe("inputs on their way", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
  afterEach(() => void vi.useRealTimers());

  it.each([60, 144, 240, 1000])("are merged to the pace of the match where they are held: a screen of %i Hz", (hz) => {
    const { inputs, sent } = outgoing("held");
    const from = performance.now();
    for (let i = 1; i <= hz * 3; i++) {
      const seq = inputs.add(Uint8Array.of(i % 251), 0);
      expect(seq).toBeGreaterThanOrEqual(sent.at(-1)?.seq ?? 0);
      vi.advanceTimersByTime(1000 / hz);
    }
    vi.advanceTimersByTime(100);
    expect(sent.length).toBeLessThanOrEqual(3 * 30 + 5);
    expect(sent.length).toBeGreaterThan(3 * 30 - 5);
    expect(sent.map(({ seq }) => seq)).toEqual(sent.map((_, i) => i + 1)); // none is left out
    expect(sent.at(-1)?.value).toBe((hz * 3) % 251); // the newest always arrives
    // None waits for longer than a tick.
    for (const { value, at } of sent.slice(10)) {
      let i = value;
      while ((i / hz) * 1000 < at - from - 200) i += 251;
      expect(at - from - ((i - 1) / hz) * 1000).toBeLessThan(36);
    }
  });

  it("wait for nothing at the pace of the match, whatever its jitter", () => {
    const { inputs, sent } = outgoing("held");
    for (let i = 0; i < 300; i++) {
      inputs.add(Uint8Array.of(1), 0);
      expect(sent).toHaveLength(i + 1);
      vi.advanceTimersByTime(i % 2 === 0 ? 5 : 62);
    }
  });

  it("go at once when they name a later tick, a dozen together after a page was in the background", () => {
    const { inputs, sent } = outgoing("held");
    for (let tick = 1; tick <= 12; tick++) inputs.add(Uint8Array.of(tick), tick);
    expect(sent.map(({ tick }) => tick)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    // Of one tick the newest counts.
    for (let value = 20; value < 30; value++) inputs.add(Uint8Array.of(value), 12);
    inputs.add(Uint8Array.of(30), 13);
    vi.advanceTimersByTime(1000);
    expect(sent.slice(12)).toMatchObject([{ seq: 13, tick: 13, value: 30 }]);
  });

  it("all go, in order, where each counts; beyond what the shard keeps the oldest is dropped, and told", () => {
    const { inputs, sent, dropped } = outgoing("event", 10);
    for (let i = 1; i <= 40; i++) inputs.add(Uint8Array.of(i), 0);
    expect(sent).toHaveLength(8);
    vi.advanceTimersByTime(5000);
    expect(sent.map(({ value }) => value)).toEqual([
      1,
      2,
      3,
      4,
      5,
      6,
      7,
      8,
      ...Array.from({ length: 16 }, (_, i) => i + 25),
    ]);
    expect(dropped).toEqual(Array.from({ length: 16 }, () => "input_overflow"));
  });

  it("go again as far as they still count: of what is held, what the player holds down now", () => {
    const { inputs, sent } = outgoing("held");
    for (let i = 1; i <= 90; i++) {
      inputs.add(Uint8Array.of(i), 0); // into nothing: the line is cut
      vi.advanceTimersByTime(33.4);
    }
    sent.length = 0;
    inputs.resume(2, 500);
    expect(sent).toMatchObject([{ value: 90, tick: 0 }]);
    sent.length = 0;
    inputs.forget(90);
    for (let tick = 100; tick < 110; tick++) inputs.add(Uint8Array.of(tick), tick);
    sent.length = 0;
    inputs.resume(90, 107);
    expect(sent.map(({ tick }) => tick)).toEqual([107, 108, 109]);
    sent.length = 0;
    inputs.resume(90, 200);
    expect(sent).toMatchObject([{ tick: 0, value: 109 }]);
  });

  it("go again all where each counts, but for those whose tick is over; and all when only the match has moved", () => {
    const { inputs, sent, dropped } = outgoing("event");
    for (const tick of [0, 100, 130, 0]) inputs.add(Uint8Array.of(tick), tick);
    sent.length = 0;
    inputs.resume(0, 0);
    expect(sent.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    sent.length = 0;
    inputs.resume(0, 120);
    expect(sent.map(({ seq }) => seq)).toEqual([1, 3, 4]);
    expect(dropped).toEqual(["input_too_late"]);
    sent.length = 0;
    inputs.resume(3, 0);
    expect(sent.map(({ seq }) => seq)).toEqual([4]);
  });
});
