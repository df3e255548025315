// The cut-over's tool: runbooks/v2.0-cutover-and-rollback.md says when to run which command.
import { Migration, WrongPhaseError } from "./migration.ts";
import { progressLines } from "./progress-lines.ts";
import type { Verification } from "./verify.ts";

const USAGE = `usage: pnpm exec node tools/migrate/src/main.ts <command> [--app-user NAME]… [--batch ROWS]
  status        prints the phase of the migration
  copy          copies everything while v1.5 serves players; run it again to catch up
  freeze        takes from v1.5 the right to write (--app-user: its database users)
  finish        the last copy, and the verification; exit code 1 when something differs
  verify        only the verification
  cut-over      marks v2.0 as the system that is written to from now on
  rollback      copies back what was written since, and lets v1.5 write again (--app-user)
environment: LEGACY_DB_URL, IDENTITY_DB_URL, MATCH_DB_URL, CHAT_DB_URL, as mysql://user:password@host:port/database`;

const [command = "", ...args] = process.argv.slice(2);
const appUsers = args.flatMap((arg, i) =>
  arg === "--app-user" && args[i + 1] !== undefined ? [args[i + 1] as string] : [],
);
const batchRows = Number(args[args.indexOf("--batch") + 1] ?? 0) || 5000;

process.exitCode = await run().catch((err: unknown) => {
  console.error(err instanceof WrongPhaseError ? err.message : err);
  return 1;
});

async function run(): Promise<number> {
  const { LEGACY_DB_URL: legacy, IDENTITY_DB_URL: identity, MATCH_DB_URL: match, CHAT_DB_URL: chat } = process.env;
  if (!legacy || !identity || !match || !chat) {
    console.error(USAGE);
    return 2;
  }
  const lines = progressLines();
  await using migration = await Migration.open({
    urls: { legacy, identity, match, chat },
    batchRows,
    report: lines.report,
  });
  switch (command) {
    case "status":
      console.log(JSON.stringify(await migration.status()));
      return 0;
    case "copy":
      await migration.copy();
      lines.done();
      return 0;
    case "freeze":
      if (appUsers.length === 0) throw new WrongPhaseError("name v1.5's database users with --app-user");
      await migration.freeze(appUsers);
      return 0;
    case "finish": {
      const tables = await migration.finish();
      lines.done();
      return show(tables);
    }
    case "verify":
      return show(await migration.verify());
    case "cut-over":
      await migration.cutOver();
      return 0;
    case "rollback":
      console.log(JSON.stringify(await migration.rollback(appUsers), undefined, 2));
      return 0;
    default:
      console.error(USAGE);
      return 2;
  }
}

function show(tables: readonly Verification[]): number {
  for (const { table, v15, v20, same } of tables)
    console.log(`${same ? "same     " : "DIFFERENT"} ${table}: ${v15}${same ? "" : ` against ${v20}`}`);
  return tables.every(({ same }) => same) ? 0 : 1;
}
