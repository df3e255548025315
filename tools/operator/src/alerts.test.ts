import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { inPath, paths } from "@muster/local";
import { expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { ALERT_CASES } from "./alert-cases.ts";
import { textOfPage } from "./runbooks.ts";

interface Rules {
  readonly groups: readonly { readonly rules: readonly Rule[] }[];
}

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly runbook: string };
}

const file = path.join(paths.root, "infra/prometheus/rules.yml");
const rules = (parse(readFileSync(file, "utf8")) as Rules).groups.flatMap((group) => group.rules);

/** By page, its sections on alerts. */
function sectionsOf(page: string): Map<string, string> {
  const sections = textOfPage(page)
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.split("\n", 1)[0] as string, section] as const);
  return new Map(sections.filter(([title]) => title.startsWith("Muster")));
}

it("every alert has its section, with the rule's expression, meaning, impact, diagnosis and mitigation; and no section is left over", () => {
  const pages = Map.groupBy(rules, (rule) => /^runbooks\/([\w.-]+\.md)#/.exec(rule.annotations.runbook)?.[1] ?? "");
  expect([...pages.keys()]).toEqual(["alerts.md", "v2.1-dlq-and-lag-ops.md"]);
  // Without targets every other expression is empty, and an empty one does not ring.
  expect(rules.map((rule) => rule.expr)).toContain('absent(up{job="muster"})');
  for (const [page, ofPage] of pages) {
    const sections = sectionsOf(page);
    expect([...sections.keys()], page).toEqual(ofPage.map((rule) => rule.alert));
    for (const rule of ofPage) {
      const section = sections.get(rule.alert) as string;
      expect(section).toContain(`\`${rule.expr}\` for ${rule.for} (${rule.labels.severity}).`);
      expect(section).toContain(rule.annotations.summary);
      for (const part of ["Meaning", "Impact", "Diagnosis", "Mitigation"])
        expect(section).toMatch(new RegExp(`\\*\\*${part}\\*\\*: .{5,}`));
      expect(rule.annotations.runbook).toBe(`runbooks/${page}#${rule.alert.toLowerCase()}`);
    }
  }
});

it("every alert has series that make it fire, and series that do not", () => {
  expect(Object.keys(ALERT_CASES)).toEqual(rules.map((rule) => rule.alert));
});

function promtool(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync("promtool", args, { encoding: "utf8" });
  return status === 0 ? "" : `${stdout}${stderr}`;
}

const installed = inPath("promtool") !== undefined;
if (!installed && process.env["CI"]) throw new Error("promtool is missing: scripts/test.sh installs it");

it.skipIf(!installed)("Prometheus takes the rules", () => {
  expect(promtool("check", "rules", file)).toBe("");
});

it.skipIf(!installed)("each alert fires when it should, and does not when it should not", () => {
  const tests = Object.entries(ALERT_CASES).flatMap(([alert, { fires, quiet, at }]) =>
    [fires, quiet].map((series) => ({
      name: `${alert} ${series === fires ? "fires" : "is quiet"}`,
      interval: "1m",
      input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
      promql_expr_test: [
        {
          expr: `count(ALERTS{alertname="${alert}", alertstate="firing"})`,
          eval_time: at,
          exp_samples: series === fires ? [{ labels: "{}", value: 1 }] : [],
        },
      ],
    })),
  );
  const folder = mkdtempSync(path.join(os.tmpdir(), "muster-alerts-"));
  try {
    const testFile = path.join(folder, "test.yml");
    writeFileSync(testFile, stringify({ rule_files: [file], evaluation_interval: "1m", tests }));
    expect(promtool("test", "rules", testFile)).toBe("");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
