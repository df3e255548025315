// Every runbook, followed to the letter: its commands, one after the other in one shell, against a local system as
// scripts/up.sh makes it. A command that fails, or prints something else than the page says, fails the test.
import { inPath, SERVICES } from "@muster/local";
import { describeWithServers, until } from "@muster/testkit";
import { missingFrom } from "@muster/testkit/printed-lines";
import { afterAll, beforeAll, expect, it } from "vitest";
import { dashboardQueries, queriesWithoutSeries } from "./dashboards.ts";
import { localEnvironment, logLines, metricsTold, rulesText, writeMetricsTable } from "./observed.ts";
import { type Block, blocksOf, runbookPages, textOfPage } from "./runbooks.ts";
import { createTestInstallation, printedBy, type TestInstallation } from "./test-installation.ts";

const PAGE_WITHIN_MS = 180_000;
const INDEX = "README.md";
const DASHBOARDS_WITHIN_MS = 90_000;
// scripts/test.sh installs it.
const withPrometheus = inPath("prometheus") !== undefined;
const NEXT_BLOCK = "=== the next block";

describeWithServers("the runbooks", () => {
  let installation: TestInstallation;
  beforeAll(async () => {
    installation = await createTestInstallation(withPrometheus ? { MUSTER_WITH_METRICS: "1" } : {});
    await installation.start();
    // Whom the other pages speak of.
    await follow(installation, INDEX);
  }, 120_000);
  afterAll(async () => await installation?.[Symbol.asyncDispose]());

  it("metrics: the page lists what running processes tell, both ways, and alerts ask for nothing else", async () => {
    const told = await metricsTold(installation.env);
    if (process.env["UPDATE_RUNBOOKS"]) writeMetricsTable(told);
    const listed = [...textOfPage("metrics.md").matchAll(/^\| `([a-z_]+)` \|/gm)].map((found) => found[1]);
    expect(new Set(listed), "UPDATE_RUNBOOKS=1 writes the table anew").toEqual(new Set(told.keys()));
    const asked = [
      ...rulesText().matchAll(
        /\b((?:gateway|shard|matchmaker|edge|chat|audit|http|rpc|outbox|relay|consumer|dlq|parked|inbox|replay)_[a-z_]+)\b/g,
      ),
    ];
    const names = asked.map((found) => (found[1] as string).replace(/_(bucket|sum|count)$/, ""));
    expect(names.filter((name) => !told.has(name))).toEqual([]);
  });

  it("metrics: what ends in _total is a counter, and every counter does", async () => {
    const told = [...(await metricsTold(installation.env))];
    expect(told.length).toBeGreaterThan(40);
    const wrong = told.filter(([name, { type }]) => name.endsWith("_total") !== (type === "counter"));
    expect(wrong).toEqual([]);
  });

  it.skipIf(!withPrometheus)(
    "dashboards: Prometheus scrapes every process, and every query returns series",
    async () => {
      const { output } = await printedBy(`scripts/smoke.sh ${installation.url}`, installation.env); // what a match tells of
      expect(output).toContain("smoke: passed");
      const [, port] = /^MUSTER_PROMETHEUS_PORT='(\d+)'$/m.exec(localEnvironment(installation.folder)) ?? [];
      const queries = dashboardQueries();
      expect(queries.length).toBeGreaterThan(40);
      const all = [...queries, { panel: "all", expr: `count(up{job="muster"} == 1) == ${SERVICES.length}` }];
      await until(async () => {
        const wrong = await queriesWithoutSeries(`http://127.0.0.1:${port}`, all);
        return wrong.length === 0 ? undefined : wrong.join("\n");
      }, DASHBOARDS_WITHIN_MS);
    },
    2 * DASHBOARDS_WITHIN_MS,
  );

  it("logs: lines have the fields that the page says", () => {
    const lines = logLines(installation.folder);
    expect(lines.length).toBeGreaterThan(20);
    const always = ["level", "time", "service", "msg"];
    expect(lines.filter((line) => always.some((field) => typeof line[field] !== "string"))).toEqual([]);
    const having = (msg: string, fields: readonly string[]): void => {
      const some = lines.filter((line) => line["msg"] === msg);
      expect(some.length, msg).toBeGreaterThan(0);
      expect(some.filter((line) => fields.some((field) => !(field in line)))).toEqual([]);
    };
    having("rpc", ["traceId", "rpc", "code", "durationMs"]);
    having("request", ["traceId", "method", "route", "status", "durationMs"]);
    const page = textOfPage("logs.md");
    const ids = new Set(lines.flatMap((line) => Object.keys(line)).filter((field) => field.endsWith("Id")));
    expect([...ids].filter((id) => !page.includes(`\`${id}\``))).toEqual([]);
  });

  for (const page of runbookPages()) {
    if (page === INDEX || runBlocksOf(page).length === 0) continue;
    it(
      `${page} works as printed`,
      async () => {
        await follow(installation, page);
        expect(await printedBy("scripts/operator.sh health --wait 20", installation.env)).toMatchObject({ code: 0 });
      },
      PAGE_WITHIN_MS + 30_000,
    );
  }
});

async function follow(installation: TestInstallation, page: string): Promise<void> {
  const blocks = runBlocksOf(page);
  const { code, output } = await printedBy(scriptOf(blocks), installation.env, PAGE_WITHIN_MS);
  const printed = output.split(`${NEXT_BLOCK}\n`).slice(1);
  const last = blocks[printed.length - 1];
  expect(code, `${page}:${last?.line}:\n${last?.commands}\n\n${printed.at(-1)}`).toBe(0);
  for (const [index, { line, commands, expected }] of blocks.entries()) {
    const said = printed[index] as string;
    expect(missingFrom(said, expected), `${page}:${line}:\n${commands}\n\n${said}`).toBeUndefined();
  }
}

function runBlocksOf(page: string): Block[] {
  return blocksOf(page).filter((block) => block.notRun === undefined);
}

/** As an operator pastes them: one shell, which stops at the first failure. */
function scriptOf(blocks: readonly Block[]): string {
  const parts = blocks.map(({ commands }) => `echo '${NEXT_BLOCK}'\n${commands}`);
  return ["set -euo pipefail", "exec 2>&1", ...parts].join("\n");
}
