// A private Prometheus that scrapes every process of the local system and evaluates the alert rules: up.sh --with-metrics.
import path from "node:path";
import { makeFolders } from "./folders.ts";
import { inPath } from "./mariadb.ts";
import { paths } from "./paths.ts";
import { adminPortVariable, SERVICES } from "./services.ts";
import { writeWhole } from "./whole-file.ts";

export const PROMETHEUS_START_MS = 20_000;
const KEPT = "2d";

export function wantsPrometheus(): boolean {
  return process.env["MUSTER_WITH_METRICS"] === "1";
}

export interface Scraping {
  /** By process, host:port of its admin port. */
  readonly targets: ReadonlyMap<string, string>;
  readonly every: string;
}

/** A whole configuration: every process as job muster, and the alert rules. */
export function prometheusConfiguration({ targets, every }: Scraping): Readonly<Record<string, unknown>> {
  return {
    global: { scrape_interval: every, ...(every !== "15s" && { evaluation_interval: every }) },
    rule_files: [path.join(paths.root, "infra/prometheus/rules.yml")],
    scrape_configs: [
      {
        job_name: "muster",
        static_configs: [...targets].map(([process, target]) => ({ targets: [target], labels: { process } })),
      },
    ],
  };
}

/** What starts it. Writes its configuration. @throws Error when it is not installed */
export function prometheusCommand(env: Readonly<Record<string, string | undefined>>): {
  command: string;
  args: string[];
} {
  const command = inPath("prometheus");
  if (command === undefined)
    throw new Error("Prometheus is not installed: scripts/up.sh --with-metrics installs it (Debian: prometheus)");
  makeFolders(paths.prometheus);
  const targets = new Map(SERVICES.map((row) => [row.name, `127.0.0.1:${env[adminPortVariable(row)]}`]));
  const configuration = path.join(paths.prometheus, "prometheus.yml");
  // JSON is YAML too.
  writeWhole(configuration, JSON.stringify(prometheusConfiguration({ targets, every: "5s" }), undefined, 2));
  return {
    command,
    args: [
      `--config.file=${configuration}`,
      `--storage.tsdb.path=${path.join(paths.prometheus, "data")}`,
      `--storage.tsdb.retention.time=${KEPT}`,
      `--web.listen-address=127.0.0.1:${env["MUSTER_PROMETHEUS_PORT"]}`,
      "--log.level=warn",
    ],
  };
}
