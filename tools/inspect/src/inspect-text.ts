// What an inspection found, for a terminal.
import path from "node:path";
import type { FoundProblem, InspectedTick, InspectionReport } from "@muster/game-kit/trial";

const FIELDS_SHOWN = 12;

export function reportText(report: InspectionReport, tickRate: number): string {
  const { game, buildId, seed, players, ticks, hash, result, keyframeBytes, deltaBytes, inputBytes, fields, problems } =
    report;
  const each = (bytes: number): string => (bytes / Math.max(1, ticks)).toFixed(1);
  const bits = fields.reduce((sum, field) => sum + field.bits, 0);
  const perSecond = tickRate > 0 ? `, ${((deltaBytes / Math.max(1, ticks)) * tickRate).toFixed(0)} a second` : "";
  return [
    `${game} (${buildId}), seed ${seed}, ${players} players: ${ticks} ticks, hash ${hash} at the end`,
    `result    ${result ? result.seats.map(({ score, rank }, seat) => `seat ${seat}: score ${score}, rank ${rank}`).join("; ") : "none yet"}`,
    `bytes     keyframe ${keyframeBytes}; deltas ${deltaBytes} (${each(deltaBytes)} a tick${perSecond}) to each player; inputs of all ${inputBytes}`,
    "",
    `${"field".padEnd(32)}${"changes".padStart(10)}${"bits a tick".padStart(14)}${"share".padStart(9)}`,
    ...fields
      .slice(0, FIELDS_SHOWN)
      .map(
        (field) =>
          `${field.path.padEnd(32)}${String(field.changes).padStart(10)}${(field.bits / Math.max(1, ticks)).toFixed(2).padStart(14)}${((100 * field.bits) / Math.max(1, bits)).toFixed(1).padStart(7)} %`,
      ),
    ...(fields.length > FIELDS_SHOWN ? [`and ${fields.length - FIELDS_SHOWN} fields more`] : []),
    "",
    ...problems.map(problemText),
    problems.length === 0
      ? "ok: every step ran twice and came out the same, and so did the match from its inputs"
      : `${problems.length} problems`,
  ].join("\n");
}

export function problemText({ kind, path: field, line, message, times, firstTick }: FoundProblem): string {
  const where = [field && field !== message ? field : "", line === undefined ? "" : `at ${shownLine(line)}`]
    .filter(Boolean)
    .join(" ");
  return `FAIL ${kind}: ${message}${where === "" ? "" : `\n     ${where}`}\n     first in tick ${firstTick}, ${times} times`;
}

export function tickText(tick: InspectedTick, state: object): string {
  return [
    `tick ${tick.tick}, hash ${tick.hash}; delta ${tick.bytes.delta} bytes, inputs ${tick.bytes.inputs}`,
    ...tick.inputs.map(
      (input, seat) =>
        `seat ${seat}    ${input ? JSON.stringify(input) : "no input"}${tick.sent.includes(seat) ? ", sent now" : ""}`,
    ),
    ...tick.changes.map(
      ({ path: field, before, after, line }) =>
        `${field.padEnd(28)} ${before} → ${after}${line === undefined ? "" : `   ${shownLine(line)}`}`,
    ),
    `bits      ${tick.bits.map(({ path: field, bits }) => `${field} ${bits}`).join(", ") || "all as expected"}`,
    `state     ${JSON.stringify(state)}`,
    ...tick.problems.map((problem) => problemText({ ...problem, times: 1, firstTick: tick.tick })),
  ].join("\n");
}

/** Relative to where the command was typed. */
export function shownLine(line: string): string {
  return line.startsWith("/") ? path.relative(process.env["INIT_CWD"] ?? ".", line) : line;
}
