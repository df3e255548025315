// What has a place, as dots on a field as large as the fields' ranges, or as far as they have been.
import { useEffect, useRef } from "preact/hooks";
import type { ShownGame } from "../src/page/messages.ts";
import type { Dots } from "./state-tree.ts";

const WIDTH = 480;
const HEIGHT = 270;
const RADIUS = 7;
const MARGIN = 14;
/** A field of that many bits has a range that is also the size of the board. Wider ones show how far things have been. */
const WHOLE_RANGE_BITS = 12;

interface Extent {
  min: number;
  max: number;
}

export function Board({
  dots,
  game,
  words,
  seat,
}: {
  readonly dots: readonly Dots[];
  readonly game: ShownGame;
  readonly words: readonly number[];
  readonly seat: number;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const extents = useRef<{ game: ShownGame; x: Extent; y: Extent } | undefined>(undefined);
  useEffect(() => {
    if (extents.current?.game !== game)
      extents.current = {
        game,
        x: wholeRange(
          game,
          dots.flatMap(({ x }) => x),
        ),
        y: wholeRange(
          game,
          dots.flatMap(({ y }) => y),
        ),
      };
    const { x, y } = extents.current;
    for (const list of dots) {
      for (const word of list.x) widen(x, words[word] as number);
      for (const word of list.y) widen(y, words[word] as number);
    }
    if (canvas.current) draw(canvas.current, dots, words, x, y);
  });
  return (
    <canvas
      ref={canvas}
      width={WIDTH}
      height={HEIGHT}
      role="img"
      aria-label={`What has a place in the state, as seat ${seat} has it; the table below has the numbers`}
    />
  );
}

function wholeRange({ slots }: ShownGame, which: readonly number[]): Extent {
  const found = { min: 0, max: 1 };
  for (const word of which) {
    const { bits = 1, signed = false } = slots[word] ?? {};
    if (bits > WHOLE_RANGE_BITS) continue;
    widen(found, signed ? -(2 ** (bits - 1)) : 0);
    widen(found, signed ? 2 ** (bits - 1) - 1 : 2 ** bits - 1);
  }
  return found;
}

function widen(extent: Extent, value: number): void {
  extent.min = Math.min(extent.min, value);
  extent.max = Math.max(extent.max, value);
}

function draw(canvas: HTMLCanvasElement, dots: readonly Dots[], words: readonly number[], x: Extent, y: Extent): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  const colour = (name: string): string => {
    canvas.style.color = `var(${name})`; // a token's value is one of two colours: which, the theme decides
    return getComputedStyle(canvas).color;
  };
  const [ofSeats, others, ground] = [["--seat-0", "--seat-1"].map(colour), colour("--ink-soft"), colour("--surface")];
  context.clearRect(0, 0, WIDTH, HEIGHT);
  context.font = "12px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  const across = (value: number): number => MARGIN + ((value - x.min) / (x.max - x.min)) * (WIDTH - 2 * MARGIN);
  const down = (value: number): number => MARGIN + ((value - y.min) / (y.max - y.min)) * (HEIGHT - 2 * MARGIN);
  for (const [kind, list] of dots.entries()) {
    for (const [i, word] of list.x.entries()) {
      const used = list.used[i];
      if (used !== undefined && words[used] === 0) continue;
      const own = list.y[i];
      const at = own === undefined ? (HEIGHT * (i + 1)) / (list.x.length + 1) : down(words[own] as number);
      context.fillStyle = kind === 0 ? (ofSeats[i % 2] as string) : others;
      context.beginPath();
      if (kind === 0) context.arc(across(words[word] as number), at, RADIUS, 0, 2 * Math.PI);
      else context.rect(across(words[word] as number) - RADIUS / 2, at - RADIUS / 2, RADIUS, RADIUS);
      context.fill();
      if (kind > 0) continue;
      context.fillStyle = ground;
      context.fillText(String(i), across(words[word] as number), at + 1);
    }
  }
}
