// The report of a soak, for a terminal.
import type { SoakFault, SoakReport, Spread } from "@muster/game-kit/trial";

export function soakText(report: SoakReport, tookMs: number): string {
  const { game, buildId, matches, seed, players, counted, draws, distinct, seats, ticks, bytes, problems } = report;
  const percent = (n: number): string => `${((100 * n) / Math.max(1, counted)).toFixed(1)} %`;
  return [
    `${game} (${buildId}): ${matches} matches of seed ${seed} on, ${players} players, in ${(tookMs / 1000).toFixed(1)} s`,
    ...faultLines("crashed", game, report.crashes),
    ...faultLines("without end", game, report.endless),
    `  rough    ${matches - counted - report.crashes.length - report.endless.length} more matches, in which players broke the rules, did not answer or left; the lines below are not about them`,
    `  ends     ${distinct} different ones of ${counted}; draws ${draws} (${percent(draws)})`,
    ...seats.map(
      ({ percent: share, low, high }, seat) =>
        `  seat ${seat}   wins ${share.toFixed(1)} % of what is won, 99 % confidence ${low.toFixed(1)} to ${high.toFixed(1)} %`,
    ),
    `  ticks    ${spreadText(ticks)}`,
    `  bytes    keyframe ${bytes.keyframe.median}; a match: deltas to one player ${spreadText(bytes.deltas)}; inputs of all ${spreadText(bytes.inputs)}; log ${spreadText(bytes.log)}`,
    ...problems.map((problem) => `FAIL       ${problem}`),
    ...(problems.length === 0 ? ["ok"] : []),
  ].join("\n");
}

function faultLines(what: string, game: string, faults: readonly SoakFault[]): string[] {
  return faults.map(
    ({ seed, tick, message }) =>
      `  ${what}  tick ${tick}: ${message}\n           repeat: pnpm soak ${game} --matches 1 --seed ${seed}`,
  );
}

function spreadText({ least, median, most }: Spread): string {
  return least === most ? `${median}` : `${least} to ${most}, median ${median}`;
}
