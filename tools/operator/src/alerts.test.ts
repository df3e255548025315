import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { inPath, paths } from "@muster/local";
import { expect, it } from "vitest";
import { parse } from "yaml";
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

it("every alert has its section, with the rule's expression, meaning, impact, diagnosis and mitigation; and no section is left over", () => {
  const rules = (parse(readFileSync(file, "utf8")) as Rules).groups.flatMap((group) => group.rules);
  const sections = new Map(
    textOfPage("alerts.md")
      .split(/^## /m)
      .slice(1)
      .map((section) => [section.split("\n", 1)[0], section] as const),
  );
  sections.delete("Have Prometheus watch");
  expect([...sections.keys()]).toEqual(rules.map((rule) => rule.alert));
  // Without targets every other expression is empty, and an empty one does not ring.
  expect(rules.map((rule) => rule.expr)).toContain('absent(up{job="muster"})');
  for (const rule of rules) {
    const section = sections.get(rule.alert) as string;
    expect(section).toContain(`\`${rule.expr}\` for ${rule.for} (${rule.labels.severity}).`);
    expect(section).toContain(rule.annotations.summary);
    for (const part of ["Meaning", "Impact", "Diagnosis", "Mitigation"])
      expect(section).toMatch(new RegExp(`\\*\\*${part}\\*\\*: .{5,}`));
    expect(rule.annotations.runbook).toBe(`runbooks/alerts.md#${rule.alert.toLowerCase()}`);
  }
});

// Debian's package prometheus has it; where it is not, the rules are only parsed, above.
if (inPath("promtool") !== undefined) {
  it("Prometheus takes the rules", () => {
    const { status, stdout, stderr } = spawnSync("promtool", ["check", "rules", file], { encoding: "utf8" });
    expect(status, stdout + stderr).toBe(0);
  });
}
