import { describe, expect, it } from "vitest";
import { InputBatch } from "./input-batch.ts";

function batch() {
  const got: string[] = [];
  const timers: (() => void)[] = [];
  const seen: string[] = [];
  const turns: (() => void)[] = [];
  let sleeps = 0;
  const one: InputBatch<string> = new InputBatch<string>(
    {
      input(socket, bytes, from, to) {
        got.push(`${socket} ${bytes.slice(from, to).join()}`);
        one.flush(); // a socket that is closed for what it sent says so at once
      },
      readAhead: (sockets, count) => void seen.push(sockets.slice(0, count).join("")),
    },
    {
      afterWindow: (flush) => void timers.push(flush),
      afterTurn: (then) => void turns.push(then),
      coalesceWakeUps: () => void sleeps++,
    },
  );
  /** The turn is over. @returns how often the process slept so far */
  const turn = (): number => {
    for (const then of turns.splice(0)) then();
    return sleeps;
  };
  return { one, got, timers, seen, turn };
}

describe("a batch of inputs", () => {
  it("hands them on in their order when the window is over, once", () => {
    const { one, got, timers, seen } = batch();
    const frame = Uint8Array.of(2, 1);
    one.add("a", frame);
    frame[1] = 9; // it was valid during the call only
    one.add("b", Uint8Array.of(2, 2, 2));
    one.add("a", Uint8Array.of(2));
    expect([got, timers.length]).toEqual([[], 1]);
    timers[0]?.();
    expect(got).toEqual(["a 2,1", "b 2,2,2", "a 2"]);
    expect(seen).toEqual(["aba"]);
    one.flush();
    expect(got).toHaveLength(3);
    one.add("a", Uint8Array.of(3));
    timers[1]?.();
    expect(got.slice(3)).toEqual(["a 3"]);
  });

  it("hands them on before whatever else happens, and again when the window is over", () => {
    const { one, got, timers } = batch();
    one.add("a", Uint8Array.of(2, 1));
    one.interrupt();
    expect(got).toEqual(["a 2,1"]);
    one.add("b", Uint8Array.of(2, 2));
    expect(timers).toHaveLength(1);
    timers[0]?.();
    expect(got).toEqual(["a 2,1", "b 2,2"]);
  });

  it("lets the process sleep after a turn that brought a few, once, and not after one that brought many or none", () => {
    const { one, turn } = batch();
    expect(turn()).toBe(0);
    for (let i = 0; i < 31; i++) one.add("a", Uint8Array.of(2));
    expect([turn(), turn()]).toEqual([1, 1]);
    for (let i = 0; i < 32; i++) one.add("a", Uint8Array.of(2));
    expect(turn()).toBe(1);
    one.add("a", Uint8Array.of(2));
    expect(turn()).toBe(2);
    // Nor when there was something else, before the inputs or behind them.
    one.interrupt();
    one.add("a", Uint8Array.of(2));
    expect(turn()).toBe(2);
    one.add("a", Uint8Array.of(2));
    one.interrupt();
    expect([turn(), turn()]).toEqual([2, 2]);
    one.add("a", Uint8Array.of(2));
    expect(turn()).toBe(3);
  });

  it("loses none when there are more than it holds, nor one that is too long for it", () => {
    const { one, got, timers } = batch();
    for (let i = 0; i < 3000; i++) one.add("a", new Uint8Array(i % 90).fill(i));
    one.add("b", new Uint8Array(40_000));
    for (const timer of timers) timer();
    expect(got).toHaveLength(3001);
    expect(got.slice(0, 3000).every((text, i) => text === `a ${new Uint8Array(i % 90).fill(i).join()}`)).toBe(true);
    expect(got.at(-1)).toHaveLength(40_000 * 2 + 1);
  });
});
