// Whether something grows: the slope of a line through samples, with its interval.

export interface Sample {
  /** Seconds. */
  readonly at: number;
  readonly value: number;
}

export interface Slope {
  /** Per hour. */
  readonly perHour: number;
  /** The 95 % interval of it. */
  readonly low: number;
  readonly high: number;
}

/** Of Student's distribution at 97.5 %, for so many degrees of freedom: the last is that of the normal one. */
const STUDENT: readonly (readonly [number, number])[] = [
  [1, 12.7],
  [2, 4.3],
  [3, 3.18],
  [4, 2.78],
  [5, 2.57],
  [8, 2.31],
  [12, 2.18],
  [20, 2.09],
  [40, 2.02],
  [Infinity, 1.96],
];

/**
 * Least squares over the means of `blockS` seconds each: samples that follow each other closely are not independent, and would make the interval
 * too narrow. @returns undefined with fewer than four blocks
 */
export function slopeOf(samples: readonly Sample[], blockS: number): Slope | undefined {
  const blocks = [...Map.groupBy(samples, ({ at }) => Math.floor(at / blockS)).values()].map((some) => ({
    x: mean(some.map(({ at }) => at)) / 3600,
    y: mean(some.map(({ value }) => value)),
  }));
  const n = blocks.length;
  if (n < 4) return undefined;
  const [mx, my] = [mean(blocks.map(({ x }) => x)), mean(blocks.map(({ y }) => y))];
  const sxx = blocks.reduce((sum, { x }) => sum + (x - mx) ** 2, 0);
  const slope = blocks.reduce((sum, { x, y }) => sum + (x - mx) * (y - my), 0) / sxx;
  const residual = blocks.reduce((sum, { x, y }) => sum + (y - my - slope * (x - mx)) ** 2, 0);
  const error = Math.sqrt(residual / (n - 2) / sxx) * student(n - 2);
  return { perHour: slope, low: slope - error, high: slope + error };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Of the next smaller number of degrees that is listed: never too narrow. */
function student(degrees: number): number {
  return (STUDENT.findLast(([from]) => from <= degrees) ?? (STUDENT[0] as readonly [number, number]))[1];
}
