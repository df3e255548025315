import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { paths } from "./paths.ts";
import { databaseServices } from "./services.ts";

const run = promisify(execFile);

/** Every service's database, as its `migrate.ts` does it; side by side, since none of them knows another's. @throws Error with what the first one said that failed */
export async function migrateAll(env: Readonly<Record<string, string | undefined>>): Promise<void> {
  const runs = databaseServices().map(async ({ name }) => {
    const options = { cwd: path.join(paths.root, "services", name), env: env as NodeJS.ProcessEnv };
    await run(paths.node, ["src/migrate.ts"], options).catch((err: { stdout: string; stderr: string }) => {
      throw new Error(`the migration of ${name} failed:\n${err.stdout}${err.stderr}`);
    });
  });
  await Promise.allSettled(runs); // none is left behind by one that fails
  await Promise.all(runs);
}
