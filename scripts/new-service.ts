// `pnpm new:service NAME`: a service with a database of its own that runs, as services/NAME-service: contract, schema, store, rpc and tests of
// a first entry, and one row in the table of processes, from which everything else follows. Usage: new-service.ts NAME [--no-install]
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

/** A word, or words, as a database's name may be: MariaDB takes users of 32 characters, and suffixes follow. */
const NAME = /^(?=.{2,24}$)[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*$/;
const TEMPLATES = path.join(import.meta.dirname, "new-service");
const TABLE = "infra/services.ts";
const DEPENDENCIES = "packages/resilience/src/table.ts";
const ABOVE_ITS_ROW = '\n  "chat-service": {';
/** What is stopped later than the new one: it may call match-service, and players come by those before. */
const BEHIND_IT = '  {\n    name: "identity-service",';
const PORTS_APART = 10;
/** Of the local system's MariaDB: infra/local/src/environment.ts. */
const TAKEN_PORT = 7290;

interface Table {
  readonly SERVICES: readonly { readonly name: string; readonly port: number }[];
  clashOf(row: { name: string; prefix: string; database: { prefix: string; user: string } }): string | undefined;
}

/** @throws Error when there is such a service, its name is too much like another one's, or a file is not as it was found here */
async function addService(id: string): Promise<void> {
  const { SERVICES, clashOf } = (await import(pathToFileURL(path.resolve(TABLE)).href)) as Table;
  const name = `${id}-service`;
  const folder = `services/${name}`;
  if (existsSync(folder) || SERVICES.some((row) => row.name === name)) throw new Error(`${name} already exists`);
  const snake = id.replaceAll("-", "_");
  const clash = clashOf({ name, prefix: snake.toUpperCase(), database: { prefix: snake, user: snake } });
  if (clash !== undefined) throw new Error(`${name} needs another name: ${clash}`);
  const highest = Math.max(...SERVICES.map((row) => row.port));
  const port = highest + PORTS_APART === TAKEN_PORT ? TAKEN_PORT + PORTS_APART : highest + PORTS_APART;
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  const fill = filler(id, port, version);

  // All of it is made before any of it is written.
  const edits = new Map([
    [TABLE, before(readFileSync(TABLE, "utf8"), BEHIND_IT, fill(readTemplate("row.template")))],
    [
      DEPENDENCIES,
      before(readFileSync(DEPENDENCIES, "utf8"), ABOVE_ITS_ROW, `\n  "${name}": { mariadb: STATEMENTS },`),
    ],
    ["contracts/package.json", withExport(readFileSync("contracts/package.json", "utf8"), id)],
    ["contracts/db/db.v2.md", withTables(readFileSync("contracts/db/db.v2.md", "utf8"), name)],
    [`contracts/services/${id}/v2.proto`, fill(readTemplate("v2.proto.template"))],
  ]);
  for (const file of templatesOf("")) edits.set(`${folder}/${file}`, fill(readTemplate(`${file}.template`)));
  for (const [file, text] of edits) {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

/** Files of the service's folder. */
function templatesOf(folder: string): string[] {
  return readdirSync(path.join(TEMPLATES, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) return templatesOf(file);
    return ["row.template", "v2.proto.template"].includes(file) ? [] : [file.replace(/\.template$/, "")];
  });
}

function readTemplate(file: string): string {
  return readFileSync(path.join(TEMPLATES, file), "utf8");
}

function filler(id: string, port: number, version: string): (text: string) => string {
  const pascal = id.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const stamp = new Date().toISOString().replaceAll(/[-:]/g, "").slice(0, 13); // 20261127T1205
  const values: Readonly<Record<string, string>> = {
    NAME: id,
    SNAKE: id.replaceAll("-", "_"),
    PREFIX: id.replaceAll("-", "_").toUpperCase(),
    PASCAL: pascal,
    IDENT: `${pascal[0]?.toLowerCase()}${pascal.slice(1)}`,
    PORT: String(port),
    ADMIN_PORT: String(port + 1),
    STAMP: stamp,
    VERSION: version,
  };
  return (text) => text.replaceAll(/\$\{([A-Z_]+)\}/g, (_, key: string) => values[key] as string);
}

function before(text: string, where: string, what: string): string {
  if (!text.includes(where)) throw new Error(`there is no ${where} where the row belongs: add it by hand`);
  return text.replace(where, () => `${what}${where}`);
}

function withExport(text: string, id: string): string {
  const manifest = JSON.parse(text) as { exports: Record<string, string> };
  manifest.exports = { [`./${id}/v2`]: `./gen/services/${id}/v2_pb.ts`, ...manifest.exports };
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

function withTables(text: string, name: string): string {
  const last = text.lastIndexOf("\nAll databases also have ");
  if (last < 0) throw new Error("contracts/db/db.v2.md does not end as expected: add the tables by hand");
  const section = `\n## ${name}\n\n| table | holds | key | personal data |\n| --- | --- | --- | --- |\n| \`entries\` | a first entry | \`id\` | none |\n`;
  return text.slice(0, last) + section + text.slice(last);
}

async function main(words: readonly string[]): Promise<number> {
  const [id, ...rest] = words;
  if (id === undefined || !NAME.test(id) || rest.some((word) => word !== "--no-install")) {
    console.error(
      "usage: pnpm new:service NAME      lower-case words with hyphens, 2 to 24 characters, without `-service`: rating, live-ops",
    );
    return 2;
  }
  try {
    await addService(id);
  } catch (err) {
    console.error(`new-service: ${(err as Error).message}`);
    return 1;
  }
  console.log(
    `services/${id}-service was created, with its contract in contracts/services/${id} and a row each in ${TABLE} and ${DEPENDENCIES}.`,
  );
  if (rest.length > 0) return 0;
  const steps: readonly (readonly [string, ...string[]])[] = [
    ["pnpm", "install", "--no-frozen-lockfile", "--prefer-offline"],
    ["pnpm", "gen"],
    ["node", "scripts/infra-files.ts", "--write"],
    ["node", "scripts/config-tables.ts", "--write"],
    ["node", "scripts/dependency-tables.ts", "--write"],
    ["pnpm", "format"],
  ];
  for (const [command, ...args] of steps) {
    const { status } = spawnSync(command, args, { stdio: "inherit" });
    if (status !== 0) return status ?? 1;
  }
  console.log(
    `\nTest it: pnpm exec vitest run services/${id}-service. Start it: restart scripts/up.sh. What to change, and how others call it: services/${id}-service/README.md.`,
  );
  return 0;
}

if (process.argv[1] === import.meta.filename) process.exitCode = await main(process.argv.slice(2));
