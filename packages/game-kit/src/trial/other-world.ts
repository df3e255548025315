// What differs between two runs of a program: the clock, chance, and the last digits of functions that engines compute differently. A
// step that runs in another world than before, and has another outcome, used one of them.
import { sourceLineOf } from "./source-line.ts";

/** A use of something that no step may use. */
export interface ForbiddenCall {
  readonly what: string;
  readonly line: string | undefined;
}

/** Results of these may differ in the last digit. */
const INEXACT = [
  ["sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh"],
  ["exp", "expm1", "log", "log2", "log10", "log1p", "pow", "cbrt", "hypot", "sqrt", "fround"],
].flat();
const LATER_MS = 1e9;
/** A few units in the last place. */
const INEXACTLY = 1 + 2 ** -50;

type Anything = (...args: unknown[]) => unknown;

/** Runs a synchronous function in this world, or in another one, and lists what it called that it must not. */
export function inWorld<T>(
  other: boolean,
  run: () => T,
): { readonly value: T; readonly calls: readonly ForbiddenCall[] } {
  const calls: ForbiddenCall[] = [];
  const undo: (() => void)[] = [];
  const note = (what: string): void => void calls.push({ what, line: sourceLineOf(new Error().stack) });
  const replace = (
    owner: object,
    prefix: string,
    names: readonly string[],
    change: (value: unknown) => unknown,
  ): void => {
    for (const name of names) {
      const was = Object.getOwnPropertyDescriptor(owner, name);
      const original = Reflect.get(owner, name) as Anything | undefined;
      if (!original) continue;
      const value: Anything = (...args) => {
        note(prefix + name);
        const result = Reflect.apply(original, owner, args);
        return other ? change(result) : result;
      };
      Object.defineProperty(owner, name, { value, configurable: true, writable: true });
      undo.push(() => (was ? Object.defineProperty(owner, name, was) : Reflect.deleteProperty(owner, name)));
    }
  };
  const same = (value: unknown): unknown => value;
  const later = (value: unknown): unknown => (value as number) + LATER_MS;
  const originalDate = Date;
  replace(Math, "Math.", ["random"], same); // which is another number anyway
  replace(Math, "Math.", INEXACT, (value) => (value as number) * INEXACTLY);
  replace(performance, "performance.", ["now"], later);
  replace(crypto, "crypto.", ["getRandomValues", "randomUUID"], same);
  replace(globalThis, "", ["setTimeout", "setInterval", "setImmediate", "queueMicrotask", "fetch"], same);
  const now = (): number => originalDate.now() + (other ? LATER_MS : 0);
  globalThis.Date = new Proxy(originalDate, {
    construct: (target, args: [number]) => {
      note("new Date");
      return args.length > 0 ? new target(...args) : new target(now());
    },
    apply: () => (note("Date()"), new originalDate(now()).toString()),
    get: (target, name) => (name === "now" ? () => (note("Date.now"), now()) : (Reflect.get(target, name) as unknown)),
  });
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 16;
  try {
    return { value: run(), calls };
  } finally {
    Error.stackTraceLimit = limit;
    globalThis.Date = originalDate;
    for (const one of undo.toReversed()) one();
  }
}
