// Checks, what they prove of STATE-MACHINE.md, and the verdict of each row.
import { type Row, stateMachineRows } from "./rows.ts";

export interface Check<T> {
  /** Rows that it shows, each by the beginning of its id. */
  readonly rows: readonly string[];
  readonly name: string;
  run(at: T): Promise<void>;
}

export interface Suite<T> {
  readonly checks: readonly Check<T>[];
  /** Rows that this side cannot show, by the beginnings of their ids, and why. */
  readonly unreachable: Readonly<Record<string, string>>;
}

export interface Failure {
  readonly check: string;
  readonly reason: string;
}

export interface Verdict extends Row {
  /** none: this side cannot show it; skipped: it was not asked for, or the system under test does not have what it takes. */
  readonly verdict: "pass" | "fail" | "skipped" | "none";
  readonly checks: readonly string[];
  readonly why: string;
}

/** Thrown by a check for which the system under test lacks something, such as a game of some kind. */
export class NotHereError extends Error {}

/** @throws Error for a beginning that no row has, or several */
export function rowOf(beginning: string, rows: readonly Row[]): Row {
  const exact = rows.filter(({ id }) => id === beginning);
  const found = exact.length > 0 ? exact : rows.filter(({ id }) => id.startsWith(beginning));
  if (found.length !== 1) throw new Error(`${found.length} rows of STATE-MACHINE.md begin with ${beginning}`);
  return found[0] as Row;
}

/** What neither a check nor a reason names. */
export function uncovered(suite: Suite<never>): string[] {
  const rows = stateMachineRows();
  const named = [...suite.checks.flatMap((check) => check.rows), ...Object.keys(suite.unreachable)];
  const ids = new Set(named.map((beginning) => rowOf(beginning, rows).id));
  return rows.map(({ id }) => id).filter((id) => !ids.has(id));
}

export interface RunOptions {
  /** Only checks of rows whose ids begin so. */
  readonly only?: readonly string[];
  /** How many checks run beside each other. */
  readonly atOnce?: number;
  readonly onCheck?: (name: string, failure: string | undefined, tookMs: number) => void;
}

export async function verdicts<T>(
  suite: Suite<T>,
  at: T,
  { only = [], atOnce = 1, onCheck }: RunOptions = {},
): Promise<Verdict[]> {
  const rows = stateMachineRows();
  const wanted = (check: Check<T>): boolean =>
    only.length === 0 || check.rows.some((row) => only.some((one) => rowOf(row, rows).id.startsWith(one)));
  const outcomes = new Map<string, string | undefined>();
  const skipped = new Map<string, string>();
  const waiting = suite.checks.filter(wanted);
  const work = async (): Promise<void> => {
    for (let check = waiting.shift(); check; check = waiting.shift()) {
      const [{ name }, since] = [check, performance.now()];
      try {
        await check.run(at);
        outcomes.set(name, undefined);
      } catch (err) {
        if (err instanceof NotHereError) skipped.set(name, err.message);
        else outcomes.set(name, err instanceof Error ? err.message : String(err));
      }
      if (!skipped.has(name)) onCheck?.(name, outcomes.get(name), performance.now() - since);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return rows.map((row) => verdictOf(row, rows, suite, outcomes, skipped));
}

function verdictOf<T>(
  row: Row,
  rows: readonly Row[],
  { checks, unreachable }: Suite<T>,
  outcomes: ReadonlyMap<string, string | undefined>,
  skipped: ReadonlyMap<string, string>,
): Verdict {
  const own = checks
    .filter((check) => check.rows.some((one) => rowOf(one, rows).id === row.id))
    .map(({ name }) => name);
  const failed = own.filter((name) => outcomes.get(name) !== undefined);
  const reason = Object.entries(unreachable).find(([beginning]) => rowOf(beginning, rows).id === row.id)?.[1];
  if (failed.length > 0)
    return {
      ...row,
      verdict: "fail",
      checks: own,
      why: failed.map((name) => `${name}: ${outcomes.get(name)}`).join("; "),
    };
  if (own.some((name) => outcomes.has(name))) return { ...row, verdict: "pass", checks: own, why: "" };
  if (own.length === 0) return { ...row, verdict: "none", checks: own, why: reason ?? "" };
  return {
    ...row,
    verdict: "skipped",
    checks: own,
    why: own.map((name) => skipped.get(name) ?? "not asked for").join("; "),
  };
}

/** For people. */
export function tableOf(all: readonly Verdict[]): string {
  const width = Math.max(...all.map(({ id }) => id.length));
  const lines = all.map(({ verdict, id, checks, why }) =>
    `${verdict.padEnd(7)}  ${id.padEnd(width)}  ${why === "" ? checks.join("; ") : why}`.trimEnd(),
  );
  const count = (wanted: Verdict["verdict"]): number => all.filter(({ verdict }) => verdict === wanted).length;
  const sum = `${count("pass")} rows pass, ${count("fail")} fail, ${count("skipped")} were skipped, ${count("none")} cannot be seen from this side`;
  return `${lines.join("\n")}\n\n${sum}\n`;
}
