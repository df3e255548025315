// What a drill has shown, and what of it is as it has to be.
import { percentile } from "@muster/testkit/numbers";
import type { CascadeDrill } from "./drills.ts";
import type { Sent } from "./load.ts";

/** Of performance.now(). */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Seen {
  readonly drill: CascadeDrill;
  readonly sent: readonly Sent[];
  readonly before: Span;
  readonly during: Span;
  readonly after: Span;
  /** Where it overloads: what was answered in time at most, requests a second. */
  readonly peakPerS: number | undefined;
  /** Calls that the processes sent again during the fault. */
  readonly sentAgain: number;
  /** Share of groups of ticks that began later than LATE_TICK_S, before and during; undefined when no shard said. */
  readonly lateTicks: { readonly before: number | undefined; readonly during: number | undefined };
  readonly longestPauseMs: number;
  readonly failedMatches: readonly string[];
  readonly deaths: readonly string[];
  /** The largest of any process, from before the fault to the end, MiB. */
  readonly grownMib: { readonly process: string; readonly mib: number };
}

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: "%" | "ms" | "s" | "x" | "MiB" | "";
  /** Undefined: told, and not judged. */
  readonly limit?: { readonly least: number } | { readonly most: number };
}

export interface Verdict {
  readonly drill: string;
  readonly figures: readonly Figure[];
  readonly statuses: Readonly<Record<number, number>>;
  readonly problems: readonly string[];
}

/** The limit of resilience.md for each. */
const UNAFFECTED_PERCENT_MIN = 99;
const AMPLIFICATION_MAX = 1.1;
const RECOVERY_S_MAX = 30;
const GOODPUT_SHARE_MIN = 0.9;
/** An answer of edge-api at its deadline, on its way to a program on a machine that is busy. */
const BEYOND_DEADLINE_MS_MAX = 500;
/** Of matches that a fault elsewhere may not touch: longer than this and a player notices. */
const PAUSE_MS_MAX = 400;
const GROWTH_MIB_MAX = 80;

const isAnswered = ({ status }: Sent): boolean => status > 0 && status < 500;

export function judge(seen: Seen): Verdict {
  const { drill, sent, before, during, after } = seen;
  const inside = ({ from, to }: Span): Sent[] => sent.filter(({ at }) => at >= from && at < to);
  const [first, hit, last] = [inside(before), inside(during), inside(after)];
  const mayFail = (one: Sent): boolean =>
    drill.overloads ? !one.critical : one.needs !== undefined && drill.mayCost.includes(one.needs);
  const unaffected = hit.filter((one) => !mayFail(one));
  const percent = (some: readonly Sent[]): number =>
    some.length === 0 ? 100 : (100 * some.filter(isAnswered).length) / some.length;
  const p99 = (values: readonly number[]): number => percentile(values, 0.99) ?? 0;
  const goodput = (some: readonly Sent[], { from, to }: Span): number =>
    (some.filter((one) => isAnswered(one) && one.ms <= one.deadlineMs).length / (to - from)) * 1000;
  const figures: Figure[] = [
    { name: "unaffected", value: percent(unaffected), unit: "%", limit: { least: UNAFFECTED_PERCENT_MIN } },
    { name: "unaffected p99", value: p99(unaffected.map(({ ms }) => ms)), unit: "ms" },
    { name: "before p99", value: p99(first.map(({ ms }) => ms)), unit: "ms" },
    {
      name: "beyond deadline",
      value: Math.max(0, p99(hit.map(({ ms, deadlineMs }) => ms - deadlineMs))),
      unit: "ms",
      limit: { most: BEYOND_DEADLINE_MS_MAX },
    },
    {
      name: "goodput",
      value: goodput(hit, during) / Math.max(1, seen.peakPerS ?? goodput(first, before)),
      unit: "x",
      ...(drill.overloads ? { limit: { least: GOODPUT_SHARE_MIN } } : {}),
    },
    {
      name: "amplification",
      value: 1 + seen.sentAgain / Math.max(1, hit.length),
      unit: "x",
      limit: { most: AMPLIFICATION_MAX },
    },
    { name: "recovery", value: recoveryS(last, after.from), unit: "s", limit: { most: RECOVERY_S_MAX } },
    {
      name: "longest pause",
      value: seen.longestPauseMs,
      unit: "ms",
      ...(drill.pausesMatches || drill.overloads ? {} : { limit: { most: PAUSE_MS_MAX } }),
    },
    ...(seen.lateTicks.during === undefined
      ? []
      : [{ name: "late ticks", value: 100 * seen.lateTicks.during, unit: "%" } as const]),
    { name: "growth", value: seen.grownMib.mib, unit: "MiB", limit: { most: GROWTH_MIB_MAX } },
  ];
  const statuses: Record<number, number> = {};
  for (const { status } of hit) statuses[status] = (statuses[status] ?? 0) + 1;
  return {
    drill: drill.name,
    figures,
    statuses,
    problems: problemsOf(seen, figures, { unaffected, sent: [...hit, ...last] }),
  };
}

function problemsOf(
  seen: Seen,
  figures: readonly Figure[],
  { unaffected, sent }: { unaffected: readonly Sent[]; sent: readonly Sent[] },
): string[] {
  const problems = figures.flatMap((figure) => {
    const { limit, value } = figure;
    if (!limit) return [];
    if ("least" in limit) return value < limit.least ? [`${told(figure)} is less than ${limit.least}`] : [];
    return value > limit.most ? [`${told(figure)} is more than ${limit.most}`] : [];
  });
  if (problems.some((problem) => problem.startsWith("unaffected"))) problems.push(...failuresByName(unaffected));
  const wrong = sent.filter(({ status }) => status === 500).length;
  if (wrong > 0) problems.push(`${wrong} answers were 500: a fault that nobody has thought of`);
  const silent = sent.filter(({ status }) => status === 0).length;
  if (silent > 0) problems.push(`${silent} requests had no answer`);
  if (seen.grownMib.mib > GROWTH_MIB_MAX) problems.push(`it is ${seen.grownMib.process} that grew`);
  problems.push(...seen.deaths.map((death) => `a process died: ${death}`));
  problems.push(...seen.failedMatches.map((how) => `a match ended as "${how}"`));
  return problems;
}

/** Which requests failed that had no reason to, and how. */
function failuresByName(unaffected: readonly Sent[]): string[] {
  const failed = unaffected.filter((one) => !isAnswered(one));
  return [...Map.groupBy(failed, ({ name, status }) => `${name}: ${status}`)].map(
    ([what, some]) => `${what}, ${some.length} times`,
  );
}

/** From the fault's end to the last request that failed, rounded up to whole seconds; one in a hundred of a second's may. */
function recoveryS(after: readonly Sent[], from: number): number {
  const bySecond = Map.groupBy(after, ({ at }) => Math.floor((at - from) / 1000));
  let last = -1;
  for (const [second, some] of bySecond)
    if (some.filter((one) => !isAnswered(one)).length > some.length / 100) last = Math.max(last, second);
  return last + 1;
}

export function told({ name, value, unit }: Figure): string {
  const digits = unit === "x" || unit === "%" ? 2 : 0;
  return `${name} ${value.toFixed(digits)}${unit === "x" ? "" : ` ${unit}`}`;
}
