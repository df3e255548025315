// What the tool prints. No I/O.
import { cut } from "@muster/runtime";
import type { AuditLine } from "./handle.ts";
import type { Letter } from "./letter.ts";

const ERROR_CHARS = 80;
const CONTROL = /\p{Cc}/gu;

export function table(letters: readonly Letter[]): string[] {
  const rows = letters.map((letter) => [
    String(letter.offset),
    letter.state,
    timeOf(letter.failedAtMs),
    letter.type || "(no type)",
    letter.key || "(no key)",
    letter.failure,
    String(letter.attempts),
    cut(clean(letter.error), ERROR_CHARS),
  ]);
  const all = [["OFFSET", "STATE", "FAILED AT", "TYPE", "KEY", "CLASS", "ATTEMPTS", "ERROR"], ...rows];
  const widths = (all[0] ?? []).map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

/** One line of JSON for each, for other programs. */
export function jsonOf(letter: Letter): string {
  const { offset, state, failedAtMs, eventId, type, key, failure, error, attempts, origin, mark } = letter;
  return JSON.stringify({
    offset: String(offset),
    state,
    failedAt: timeOf(failedAtMs),
    eventId,
    type,
    key,
    class: failure,
    error,
    attempts,
    origin,
    ...(mark && { marked: { by: mark.actor, at: mark.at, why: mark.why } }),
  });
}

/** All of one letter, with its payload: that may tell of players. */
export function details(letter: Letter): string[] {
  const { record, mark } = letter;
  return [
    `offset    ${letter.offset}`,
    `state     ${letter.state}${mark ? `, ${mark.at} by ${clean(mark.actor)}: ${clean(mark.why)}` : ""}`,
    `event     ${letter.type || "(no type)"} ${letter.eventId || "(no id)"}`,
    `key       ${letter.key || "(no key)"}`,
    `origin    ${letter.origin}`,
    `failed    ${timeOf(letter.failedAtMs)}, first ${record.headers["dlq_first_failed_at"] ?? "?"}, ${letter.attempts} attempts`,
    `class     ${letter.failure}`,
    `error     ${clean(letter.error)}`,
    "headers",
    ...Object.entries(record.headers).map(([name, value]) => `  ${name}: ${clean(value)}`),
    `payload   ${record.value.length} bytes`,
    ...payloadOf(record.value),
  ];
}

export function auditText({ at, actor, action, consumer, offset, type, eventId, why }: AuditLine): string {
  return clean(`${at}  ${actor}  ${action}  ${consumer}  offset ${offset}  ${type} ${eventId}  ${why}`);
}

function payloadOf(value: Buffer): string[] {
  try {
    return JSON.stringify(JSON.parse(value.toString()), undefined, 2)
      .split("\n")
      .map((line) => `  ${line}`);
  } catch {
    return ["  (not JSON; base64:)", `  ${value.toString("base64")}`];
  }
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

/** An error may have any text in it: none that moves a terminal's cursor. */
function clean(text: string): string {
  return text.replaceAll(CONTROL, " ");
}
