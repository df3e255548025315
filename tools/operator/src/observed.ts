// What a running local system tells of itself, to compare the pages with.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { paths, SERVICES } from "@muster/local";
import { textOfPage } from "./runbooks.ts";
import { printedBy } from "./test-installation.ts";

const TABLE = /(<!-- metrics -->\n)[\s\S]*(<!-- \/metrics -->)/;

export interface Told {
  readonly help: string;
  /** counter, gauge or histogram. */
  readonly type: string;
  readonly processes: readonly string[];
}

/** The file with the ports of a local system. */
export function localEnvironment(home: string): string {
  return readFileSync(path.join(home, "local.env"), "utf8");
}

/** Muster's own metrics, by name. */
export async function metricsTold(env: NodeJS.ProcessEnv): Promise<Map<string, Told>> {
  const told = new Map<string, Told>();
  for (const { name: process } of SERVICES) {
    const { output } = await printedBy(`scripts/operator.sh metrics ${process}`, env);
    for (const [, name, help, type] of output.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\w+)$/gm)) {
      if (name === undefined || /^(nodejs|process)_/.test(name)) continue;
      told.set(name, {
        help: help as string,
        type: type as string,
        processes: [...(told.get(name)?.processes ?? []), process],
      });
    }
  }
  return told;
}

export function writeMetricsTable(told: ReadonlyMap<string, Told>): void {
  const rows = [...told].map(([name, { help, processes }]) => `| \`${name}\` | ${processes.join(", ")} | ${help} |`);
  const table = ["", "| metric | of | means |", "| --- | --- | --- |", ...rows, "", ""].join("\n");
  const text = textOfPage("metrics.md").replace(TABLE, (_all, begin: string, end: string) => `${begin}${table}${end}`);
  writeFileSync(path.join(paths.root, "runbooks/metrics.md"), text);
}

export function rulesText(): string {
  return readFileSync(path.join(paths.root, "infra/prometheus/rules.yml"), "utf8");
}

/** Every line of every process. */
export function logLines(folder: string): Record<string, unknown>[] {
  const logs = path.join(folder, "logs");
  const text = readdirSync(logs).map((file) => readFileSync(path.join(logs, file), "utf8"));
  const lines = text
    .join("\n")
    .split("\n")
    .filter((line) => line.startsWith("{") && line.endsWith("}"));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}
