// Grafana's dashboards in its own format, of the schema that all releases since 8 read.
import { type Dashboard, DASHBOARDS, type Panel } from "./dashboards.ts";

const SCHEMA_VERSION = 36;
/** The page is 24 wide. */
const [WIDTH, HEIGHT, COLUMNS] = [8, 8, 3];
const DATASOURCE = { type: "prometheus", uid: "${datasource}" };

/** By path. */
export function grafanaFiles(): [string, string][] {
  return DASHBOARDS.map((dashboard) => [
    `infra/grafana/${dashboard.name}.json`,
    `${JSON.stringify(dashboardJson(dashboard), undefined, 2)}\n`,
  ]);
}

function dashboardJson({ name, title, rows }: Dashboard): object {
  let y = 0;
  let id = 0;
  const panels = Object.entries(rows).flatMap(([row, ofRow]) => {
    const top = y;
    y += 1 + HEIGHT * Math.ceil(ofRow.length / COLUMNS);
    const header = { id: ++id, type: "row", title: row, collapsed: false, gridPos: { x: 0, y: top, w: 24, h: 1 } };
    return [header, ...ofRow.map((panel, i) => panelJson(panel, ++id, i, top + 1))];
  });
  return {
    uid: `muster-${name}`,
    title,
    tags: ["muster"],
    timezone: "utc",
    schemaVersion: SCHEMA_VERSION,
    refresh: "10s",
    time: { from: "now-1h", to: "now" },
    templating: {
      list: [{ name: "datasource", label: "Prometheus", type: "datasource", query: "prometheus", refresh: 1 }],
    },
    panels,
  };
}

function panelJson({ title, unit, queries }: Panel, id: number, i: number, top: number): object {
  const gridPos = { x: WIDTH * (i % COLUMNS), y: top + HEIGHT * Math.floor(i / COLUMNS), w: WIDTH, h: HEIGHT };
  const targets = Object.entries(queries).map(([legendFormat, expr], at) => ({
    refId: String.fromCharCode("A".charCodeAt(0) + at),
    datasource: DATASOURCE,
    expr,
    legendFormat,
  }));
  return {
    id,
    type: "timeseries",
    title,
    datasource: DATASOURCE,
    gridPos,
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    options: { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi" } },
    targets,
  };
}
