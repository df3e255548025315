// Keeps everything that is said of the processes equal to infra/services.ts. `--write` writes it.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const root = path.resolve(import.meta.dirname, "..");

export async function infraFileProblems(write = false): Promise<string[]> {
  const load = (file: string): Promise<unknown> => import(pathToFileURL(path.join(root, file)).href);
  const { SERVICES } = (await load("infra/services.ts")) as { SERVICES: unknown };
  const { infraFiles } = (await load("tools/manifests/src/generate/files.ts")) as {
    infraFiles(rows: unknown, where: { root: string; version: string }): ReadonlyMap<string, string>;
  };
  const { version } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as { version: string };
  const problems: string[] = [];
  for (const [file, wanted] of infraFiles(SERVICES, { root, version })) {
    const at = path.join(root, file);
    if (existsSync(at) && readFileSync(at, "utf8") === wanted) continue;
    if (write) writeFileSync(at, wanted);
    else problems.push(`${file} is not what infra/services.ts says: pnpm exec node scripts/infra-files.ts --write`);
  }
  return problems;
}

if (process.argv[1] === import.meta.filename) {
  const problems = await infraFileProblems(process.argv.includes("--write"));
  for (const problem of problems) console.log(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
