// Formats the figures for people.
import { type Figures, type Share, sum } from "./figures.ts";

const WIDTH = 44;

export function row(name: string, figures: readonly Figures[]): string {
  const lines = sum(figures.map((one) => one.lines));
  const branches = sum(figures.map((one) => one.branches));
  return `${name.padEnd(WIDTH)} ${share(lines)} ${share(branches)}`;
}

export const HEADING = `${"".padEnd(WIDTH)} ${"lines".padStart(18)} ${"branches".padStart(18)}`;

/** Where a file's tests do not come. */
export function missed({ missedLines, missedBranches }: Figures): string {
  const parts = [
    missedLines.length > 0 ? `lines ${ranges(missedLines)}` : "",
    missedBranches.length > 0 ? `branches at ${ranges(missedBranches)}` : "",
  ];
  return parts.filter(Boolean).join("; ");
}

/** Rounded down: 100 % is all of it. */
function share({ reached, of }: Share): string {
  const percent = of === 0 ? "-" : `${(Math.floor((1000 * reached) / of) / 10).toFixed(1)} %`;
  return `${percent.padStart(8)} ${`${reached}/${of}`.padStart(9)}`;
}

/** 3-5, 9 */
function ranges(ascending: readonly number[]): string {
  const found: [number, number][] = [];
  for (const line of ascending) {
    const last = found.at(-1);
    if (last && line <= last[1] + 1) last[1] = line;
    else found.push([line, line]);
  }
  return found.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(", ");
}
