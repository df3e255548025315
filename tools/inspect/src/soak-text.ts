// The report of a soak, for a terminal.
import type { SoakFault, SoakReport, Spread } from "@muster/game-kit/trial";

/** `repeat`: the command for the match of a seed. */
export function soakText(report: SoakReport, tookMs: number, repeat: (seed: number) => string): string {
  const { game, buildId, matches, seed, players, rough, counted, draws, distinct, seats } = report;
  const { ticks, bytes, problems } = report;
  const percent = (n: number): string => `${((100 * n) / Math.max(1, counted)).toFixed(1)} %`;
  return [
    `${game} (${buildId}): ${matches} matches of seed ${seed} on, ${players} players, in ${(tookMs / 1000).toFixed(1)} s`,
    ...faultLines("crashed", repeat, report.crashes),
    ...faultLines("without end", repeat, report.endless),
    `  rough    ${rough} more matches, in which players broke the rules, did not answer or left; the lines below are not about them`,
    `  ends     ${distinct} different ones of ${counted}; draws ${draws} (${percent(draws)})`,
    ...(draws === counted ? [] : seats).map(
      ({ percent: share, low, high }, seat) =>
        `  seat ${seat}   wins ${share.toFixed(1)} % of what is won, 99 % confidence ${low.toFixed(1)} to ${high.toFixed(1)} %`,
    ),
    `  ticks    ${spreadText(ticks)}`,
    `  bytes    keyframe ${bytes.keyframe.median}; a match: deltas to one player ${spreadText(bytes.deltas)}; inputs of all ${spreadText(bytes.inputs)}; log ${spreadText(bytes.log)}`,
    ...(counted > 1 && draws === counted
      ? ["  note     nobody ever wins: every match is a draw (--draws-max N makes that a failure)"]
      : []),
    ...(counted > 1 && distinct === 1
      ? ["  note     all matches end the same: their players do the same each time"]
      : []),
    ...problems.map((problem) => `FAIL       ${problem}`),
    ...(problems.length === 0 ? ["ok"] : []),
  ].join("\n");
}

function faultLines(what: string, repeat: (seed: number) => string, faults: readonly SoakFault[]): string[] {
  return faults.map(
    ({ seed, tick, message, matches }) =>
      `  ${what}  tick ${tick}: ${message}${matches > 1 ? ` (and ${matches - 1} more matches like it)` : ""}\n           repeat: ${repeat(seed)}`,
  );
}

function spreadText({ least, median, most }: Spread): string {
  return least === most ? `${median}` : `${least} to ${most}, median ${median}`;
}
