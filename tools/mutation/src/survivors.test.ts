import { expect, it } from "vitest";
import { type Report, summaries, survivors, unexplained } from "./survivors.ts";

const at = (
  line: number,
  from: number,
  to: number,
  toLine = line,
): Report["files"][string]["mutants"][0]["location"] => ({
  start: { line, column: from },
  end: { line: toLine, column: to },
});
const report: Report = {
  files: {
    "a.ts": {
      source: "function f(a) {\n  if (a > 1) return 2;\n  return 3;\n}\n",
      mutants: [
        { status: "Killed", replacement: "true", location: at(2, 7, 12) },
        { status: "Timeout", replacement: "false", location: at(2, 7, 12) },
        { status: "Survived", replacement: "a >= 1", location: at(2, 7, 12) },
        { status: "NoCoverage", replacement: "{}", location: at(1, 15, 2, 4) },
        { status: "Ignored", replacement: "", location: at(3, 3, 12) },
      ],
    },
  },
};
const edge = { file: "a.ts", line: 2, text: "if (a > 1) return 2;", replacement: "if (a >= 1) return 2;" };
const body = { file: "a.ts", line: 1, text: "function f(a) {", replacement: "function f(a) {} …" };

it("counts what was run, and what a test noticed: a mutant that hangs its test is noticed", () => {
  expect(summaries(report)).toEqual([{ file: "a.ts", mutants: 4, noticed: 2 }]);
});

it("shows a survivor as the line and what becomes of it", () => {
  expect(survivors(report)).toEqual([edge, body]);
});

it("leaves out what is explained, and tells of explanations that explain nothing", () => {
  const why = "1 is never given";
  const fits = { file: "a.ts", text: edge.text, replacements: [edge.replacement], why };
  const stale = { file: "a.ts", text: edge.text, replacements: ["if (a < 1) return 2;"], why };
  expect(unexplained(survivors(report), [fits, stale])).toEqual({ survivors: [body], stale: [stale] });
});
