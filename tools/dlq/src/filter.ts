// Which letters an operator means. No I/O.
import type { Letter } from "@muster/events";

/** What was asked for makes no sense. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export const FILTERS = {
  offset: { type: "string" },
  type: { type: "string" },
  key: { type: "string" },
  class: { type: "string" },
  error: { type: "string" },
  after: { type: "string" },
  before: { type: "string" },
} as const;

export type FilterValues = { readonly [K in keyof typeof FILTERS]?: string | undefined };
export type Filter = (letter: Letter) => boolean;

const CLASSES = ["invalid", "permanent", "transient", "unknown"];
const UNITS_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** All of them have to be met. @throws UsageError */
export function filterFrom(values: FilterValues, nowMs: number): Filter {
  const { type, key, error } = values;
  const offsets = values.offset === undefined ? undefined : rangesFrom(values.offset);
  const failure = classFrom(values.class);
  const afterMs = values.after === undefined ? -Infinity : timeFrom("--after", values.after, nowMs);
  const beforeMs = values.before === undefined ? Infinity : timeFrom("--before", values.before, nowMs);
  if (afterMs >= beforeMs) throw new UsageError("--after is not before --before: nothing can match");
  return (letter) =>
    (type === undefined || letter.type === type) &&
    (key === undefined || letter.key === key) &&
    (failure === undefined || letter.failure === failure) &&
    (error === undefined || letter.error.toLowerCase().includes(error.toLowerCase())) &&
    letter.failedAtMs >= afterMs &&
    letter.failedAtMs < beforeMs &&
    (offsets === undefined || offsets.some(({ from, to }) => letter.offset >= from && letter.offset <= to));
}

export function hasFilter(values: FilterValues): boolean {
  return Object.keys(FILTERS).some((name) => values[name as keyof FilterValues] !== undefined);
}

/** 3,7-9 @throws UsageError */
function rangesFrom(text: string): { readonly from: bigint; readonly to: bigint }[] {
  return text.split(",").map((part) => {
    const [, from, to = from] = /^(\d{1,18})(?:-(\d{1,18}))?$/.exec(part.trim()) ?? [];
    if (from === undefined || to === undefined || BigInt(from) > BigInt(to))
      throw new UsageError(`--offset takes offsets and ranges such as 3,7-9, not ${text}`);
    return { from: BigInt(from), to: BigInt(to) };
  });
}

function classFrom(text: string | undefined): string | undefined {
  if (text !== undefined && !CLASSES.includes(text))
    throw new UsageError(`--class is one of ${CLASSES.join(", ")}, not ${text}`);
  return text;
}

/** A date and time in UTC, or how long ago: 90s, 30m, 2h, 7d. */
function timeFrom(name: string, text: string, nowMs: number): number {
  const [, amount, unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (amount !== undefined) return nowMs - Number(amount) * (UNITS_MS[unit] ?? 0);
  const isDate = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?Z)?$/.test(text);
  const atMs = isDate ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(atMs))
    throw new UsageError(
      `${name} takes a time such as 2026-11-27T12:00:00Z, or how long ago: 90s, 30m, 2h, 7d; not ${text}`,
    );
  return atMs;
}
