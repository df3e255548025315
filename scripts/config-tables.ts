// Keeps the table of environment variables in each service's README equal to its schema. `--write` writes them.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import path from "node:path";

const [BEGIN, END] = ["<!-- configuration: begin -->", "<!-- configuration: end -->"];

export async function configTableProblems(write = false): Promise<string[]> {
  const problems: string[] = [];
  const root = path.resolve(import.meta.dirname, "..");
  const { configTable } = (await import(pathToFileURL(path.join(root, "packages/config/src/index.ts")).href)) as {
    configTable(fields: unknown): string;
  };
  const { SERVICES } = (await import(pathToFileURL(path.join(root, "infra/services.ts")).href)) as {
    SERVICES: readonly { readonly name: string }[];
  };
  for (const { name: service } of SERVICES) {
    const folder = path.join(root, "services", service);
    const readme = path.join(folder, "README.md");
    const { fields } = (await import(pathToFileURL(path.join(folder, "src/config.ts")).href)) as { fields: unknown };
    const text = existsSync(readme) ? readFileSync(readme, "utf8") : "";
    const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
    if (from < 0 || to < from) {
      problems.push(`${service}/README.md has no configuration table`);
      continue;
    }
    const wanted = `${text.slice(0, from)}${BEGIN}\n${configTable(fields)}\n${text.slice(to)}`;
    if (wanted === text) continue;
    if (write) writeFileSync(readme, wanted);
    else
      problems.push(`${service}/README.md is not what config.ts says: pnpm exec node scripts/config-tables.ts --write`);
  }
  return problems;
}

if (process.argv[1] === import.meta.filename) {
  const problems = await configTableProblems(process.argv.includes("--write"));
  for (const problem of problems) console.log(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
