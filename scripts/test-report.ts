// The last lines of .ci/run, from the runner's report as JSON: which tests passed only at their second try, then the counts.
import { readFileSync } from "node:fs";

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

export function told(report: Report): { readonly lines: readonly string[]; readonly good: boolean } {
  const failed =
    report.numFailedTests +
    report.testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0).length;
  // The report has no count of tries: a test that passed with failures had them at an earlier one.
  const secondTries = report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status, failureMessages }) => status === "passed" && failureMessages.length > 0)
      .map(
        ({ fullName, failureMessages }) => `second try: ${name}: ${fullName}: ${failureMessages[0]?.split("\n")[0]}`,
      ),
  );
  const skipped = report.numPendingTests + report.numTodoTests;
  return {
    lines: [...secondTries, `${report.numPassedTests} passed, ${failed} failed, ${skipped} skipped`],
    good: failed === 0 && report.numPendingTests === 0,
  };
}

if (import.meta.main) {
  const { lines, good } = told(JSON.parse(readFileSync(process.argv[2] as string, "utf8")) as Report);
  process.stdout.write(`${lines.join("\n")}\n`);
  process.exitCode = good ? 0 : 1;
}
