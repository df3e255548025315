// What the tool prints. No I/O.
import type { AuditLine, Letter } from "@muster/events";
import { cut, printable } from "@muster/runtime";

const ERROR_CHARS = 80;
const TEXT_CHARS = 64;

export function table(letters: readonly Letter[]): string[] {
  const rows = letters.map((letter) => [
    String(letter.offset),
    letter.state,
    timeOf(letter.failedAtMs),
    oneLine(cut(letter.type, TEXT_CHARS)) || "(no type)",
    oneLine(cut(letter.key, TEXT_CHARS)) || "(no key)",
    oneLine(cut(letter.failure, TEXT_CHARS)),
    String(letter.attempts),
    oneLine(cut(letter.error, ERROR_CHARS)),
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
    `state     ${letter.state}${mark ? `, ${mark.at} by ${mark.actor}: ${mark.why}` : ""}`,
    `event     ${letter.type || "(no type)"} ${letter.eventId || "(no id)"}`,
    `key       ${letter.key || "(no key)"}`,
    `origin    ${letter.origin}`,
    `failed    ${timeOf(letter.failedAtMs)}, first ${record.headers["dlq_first_failed_at"] ?? "?"}, ${letter.attempts} attempts`,
    `class     ${letter.failure}`,
    `error     ${letter.error}`,
    "headers",
    ...Object.entries(record.headers).map(([name, value]) => `  ${name}: ${value}`),
    `payload   ${record.value.length} bytes`,
    ...payloadOf(record.value),
  ];
}

export function auditText({ at, actor, action, consumer, offset, type, eventId, why }: AuditLine): string {
  return `${at}  ${actor}  ${action}  ${consumer}  offset ${offset}  ${type} ${eventId}  ${why}`;
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

/** On one line: whoever can write to a topic chooses keys, headers and errors, and none of them may look like a row of its own. */
export function oneLine(text: string): string {
  return printable(text.replaceAll(/[\n\t]/g, " "));
}
