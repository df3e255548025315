import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { StatusLine } from "./status-line.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function written(isTTY: boolean): string[] {
  const texts: string[] = [];
  let left = 3;
  const line = new StatusLine({ isTTY, write: (text) => texts.push(text) }, () => `${left--} s`);
  line.clear();
  vi.advanceTimersByTime(2000);
  line.clear();
  line.clear();
  line.end();
  vi.advanceTimersByTime(5000);
  return texts;
}

it("says it anew each second on a terminal, makes way for other lines, and is gone at the end", () => {
  expect(written(true)).toEqual(["\r\x1b[2K3 s", "\r\x1b[2K2 s", "\r\x1b[2K"]);
});

it("writes nothing into a file", () => {
  expect(written(false)).toEqual([]);
});
