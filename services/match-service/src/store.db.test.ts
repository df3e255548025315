import { readFileSync } from "node:fs";
import { describeWithMariadb } from "@muster/testkit";
import { sql } from "kysely";
import { expect, it } from "vitest";
import { startHarness } from "../test/harness.ts";

describeWithMariadb("the schema of match-service", () => {
  it("has the tables and columns that schema.ts and db.v2.md name", async () => {
    await using harness = await startHarness();
    const { rows } = await sql<{
      t: string;
      c: string;
    }>`select table_name t, column_name c from information_schema.columns where table_schema = database() and table_name not like 'kysely%'`.execute(
      harness.db,
    );
    const real = Map.groupBy(rows, (row) => row.t);
    const source = readFileSync(new URL("./schema.ts", import.meta.url), "utf8");
    const document =
      readFileSync(new URL("../../../contracts/db/db.v2.md", import.meta.url), "utf8").split("## match-service")[1] ??
      "";
    expect(
      [...document.matchAll(/^\| `(\w+)` \|/gm)]
        .map((match) => match[1] as string)
        .toSorted((a, b) => a.localeCompare(b)),
    ).toEqual([...real.keys()].toSorted((a, b) => a.localeCompare(b)));
    for (const [table, columns] of real) {
      const body =
        new RegExp(`interface ${table[0]?.toUpperCase()}${table.slice(1)}Table \\{([\\s\\S]*?)\\n\\}`).exec(
          source,
        )?.[1] ?? "";
      expect(
        [...body.matchAll(/^ {2}(\w+):/gm)].map((match) => match[1] as string).toSorted((a, b) => a.localeCompare(b)),
        table,
      ).toEqual(columns.map((column) => column.c).toSorted((a, b) => a.localeCompare(b)));
    }
  });
});
