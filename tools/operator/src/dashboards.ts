// Every query of Grafana's dashboards, and what a running Prometheus answers.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { paths } from "@muster/local";

const FOLDER = path.join(paths.root, "infra/grafana");

interface Query {
  readonly panel: string;
  readonly expr: string;
}

interface DashboardFile {
  readonly title: string;
  readonly panels: readonly { readonly title: string; readonly targets?: readonly { readonly expr: string }[] }[];
}

export function dashboardQueries(): Query[] {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith(".json"));
  return files.flatMap((file) => {
    const { title, panels } = JSON.parse(readFileSync(path.join(FOLDER, file), "utf8")) as DashboardFile;
    return panels.flatMap((panel) =>
      (panel.targets ?? []).map(({ expr }) => ({ panel: `${title}: ${panel.title}`, expr })),
    );
  });
}

/** Those that fail, or return no series. */
export async function queriesWithoutSeries(prometheusUrl: string, queries: readonly Query[]): Promise<string[]> {
  const answers = await Promise.all(queries.map((query) => whatIsWrong(prometheusUrl, query)));
  return answers.flatMap((wrong) => wrong ?? []);
}

async function whatIsWrong(prometheusUrl: string, { panel, expr }: Query): Promise<string | undefined> {
  const url = new URL("/api/v1/query", prometheusUrl);
  url.searchParams.set("query", expr.replaceAll("$__rate_interval", "1m"));
  const answer = (await (await fetch(url)).json()) as {
    readonly error?: string;
    readonly data?: { readonly result: readonly unknown[] };
  };
  if (answer.error !== undefined) return `${panel}: ${answer.error}`;
  return answer.data?.result.length ? undefined : `${panel}: no series for ${expr}`;
}
