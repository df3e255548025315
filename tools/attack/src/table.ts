import type { Observation } from "./honest/activity.ts";
import { type Outcome, percent, shareOf } from "./run.ts";

const HEAD = ["attack", "honest", "worked: calm", "attacked", "worst ms: calm", "attacked", "verdict"];

export function tableOf(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(({ attack, calm, attacked, problems }) => [
    attack.name,
    attack.honest,
    worked(calm),
    worked(attacked),
    calm.worstMs.toFixed(0),
    attacked.worstMs.toFixed(0),
    problems.length === 0 ? "passed" : "FAILED",
  ]);
  const widths = HEAD.map((title, i) => Math.max(title.length, ...rows.map((row) => (row[i] as string).length)));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, i) => cell.padEnd(widths[i] as number)).join("  ");
  return [HEAD, widths.map((width) => "-".repeat(width)), ...rows].map(line).join("\n");
}

function worked(observation: Observation): string {
  return `${percent(shareOf(observation))} of ${observation.expected}`;
}
