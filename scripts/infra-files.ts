// Keeps everything that is said of the processes equal to infra/services.ts. `--write` writes it.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

/** How a whole file begins that comes from the table. */
const GENERATED = "# Written by scripts/infra-files.ts";
const root = path.resolve(import.meta.dirname, "..");

export async function infraFileProblems(write = false): Promise<string[]> {
  const load = (file: string): Promise<unknown> => import(pathToFileURL(path.join(root, file)).href);
  const { SERVICES } = (await load("infra/services.ts")) as { SERVICES: unknown };
  const { infraFiles } = (await load("tools/manifests/src/generate/files.ts")) as {
    infraFiles(rows: unknown, where: { root: string; version: string }): ReadonlyMap<string, string>;
  };
  const { version } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as { version: string };
  const problems: string[] = [];
  const files = infraFiles(SERVICES, { root, version });
  for (const [file, wanted] of files) {
    const at = path.join(root, file);
    if (existsSync(at) && readFileSync(at, "utf8") === wanted) continue;
    if (write) writeFileSync(at, wanted);
    else problems.push(`${file} is not what infra/services.ts says: pnpm exec node scripts/infra-files.ts --write`);
  }
  // Of a process that the table has no more.
  for (const folder of ["infra/k8s/base", "infra/k8s/migrations"])
    for (const name of readdirSync(path.join(root, folder))) {
      const at = path.join(root, folder, name);
      if (files.has(`${folder}/${name}`) || !readFileSync(at, "utf8").startsWith(GENERATED)) continue;
      if (write) rmSync(at);
      else
        problems.push(
          `${folder}/${name} is of no process in infra/services.ts: scripts/infra-files.ts --write removes it`,
        );
    }
  return problems;
}

if (process.argv[1] === import.meta.filename) {
  const problems = await infraFileProblems(process.argv.includes("--write"));
  for (const problem of problems) console.log(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
