import { existsSync, readFileSync } from "node:fs";
import { createConnection } from "mariadb";

/** table → columns, sorted. */
export type SchemaShape = Readonly<Record<string, readonly string[]>>;

export interface SchemaViews {
  /** As the migrations made it. */
  readonly real: SchemaShape;
  /** As schema.ts says. */
  readonly typed: SchemaShape;
  /** Tables that contracts/db/db.v2.md lists for the service. */
  readonly documented: readonly string[];
  /** Of each column that is an enumeration, as "table.column", its names in the order of the table. */
  readonly enums: Readonly<Record<string, readonly string[]>>;
}

/** Three views of one service's schema, which a test compares. `schemaFile` declares `interface <Table>Table`. */
export async function schemaViews(service: string, databaseUrl: string, schemaFile: URL): Promise<SchemaViews> {
  const source = readFileSync(schemaFile, "utf8");
  const typed = [...source.matchAll(/^ {2}(\w+): (\w+Table);/gm)].map(([, table, type]) => {
    const body = columnsOf(type as string, source);
    return [table, sorted([...body.matchAll(/^ {2}(\w+):/gm)].map((match) => match[1] as string))] as const;
  });
  const document = readFileSync(new URL("../../../contracts/db/db.v2.md", import.meta.url), "utf8");
  const section = document.split(`\n## ${service}\n`)[1]?.split("\n## ")[0] ?? "";
  const { tables, enums } = await realSchema(databaseUrl);
  return {
    real: tables,
    enums,
    typed: Object.fromEntries(typed.toSorted(([a], [b]) => ((a as string) < (b as string) ? -1 : 1))),
    documented: sorted([...section.matchAll(/^\| `(\w+)` \|/gm)].map((match) => match[1] as string)),
  };
}

/** Where packages that bring tables along declare them. */
const TABLE_FILES = ["table.ts", "outbox/table.ts", "consumer/tables.ts"];

/** What stands in the interface: in that file, or in the package that the file has it from. */
function columnsOf(type: string, source: string): string {
  const own = new RegExp(`interface ${type} \\{([\\s\\S]*?)\\n\\}`).exec(source)?.[1];
  if (own !== undefined) return own;
  const imports = source.match(/^import type [^;]*;/gm)?.filter((line) => new RegExp(`\\b${type}\\b`).test(line));
  const name = /"@muster\/(\w+)"/.exec(imports?.[0] ?? "")?.[1];
  if (name === undefined) return "";
  const files = TABLE_FILES.map((file) => new URL(`../../${name}/src/${file}`, import.meta.url));
  return columnsOf(type, files.flatMap((file) => (existsSync(file) ? readFileSync(file, "utf8") : [])).join("\n"));
}

interface RealSchema {
  readonly tables: SchemaShape;
  readonly enums: Readonly<Record<string, readonly string[]>>;
}

async function realSchema(databaseUrl: string): Promise<RealSchema> {
  const { hostname, port, username, password, pathname } = new URL(databaseUrl);
  const connection = await createConnection({
    host: hostname,
    port: Number(port),
    user: username,
    password: decodeURIComponent(password),
    database: pathname.slice(1),
  });
  try {
    const rows = (await connection.query(
      `select table_name t, column_name c, column_type type from information_schema.columns
       where table_schema = database() and table_name not like 'kysely%' order by t, c`,
    )) as { t: string; c: string; type: string }[];
    // The server's order of names is another one.
    const tables = new Map([...Map.groupBy(rows, (row) => row.t)].toSorted(([a], [b]) => (a < b ? -1 : 1)));
    return {
      tables: Object.fromEntries([...tables].map(([table, columns]) => [table, sorted(columns.map(({ c }) => c))])),
      enums: Object.fromEntries(
        rows
          .filter(({ type }) => type.startsWith("enum("))
          .map(({ t, c, type }) => [`${t}.${c}`, [...type.matchAll(/'([^']*)'/g)].map(([, name]) => name as string)]),
      ),
    };
  } finally {
    await connection.end();
  }
}

function sorted(names: readonly string[]): string[] {
  return names.toSorted((a, b) => (a < b ? -1 : 1));
}
