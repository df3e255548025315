// What an operator does on the server itself, where no account exists yet that may:
//   node src/operator.ts grant <name> <player|moderator|admin> <reason>     the first admin
//   node src/operator.ts verify-audit-log                                   exit code 1 when the chain is broken
import { createDatabase, inTransaction } from "@muster/db";
import { appendAudit, auditFault } from "./audit.ts";
import { readConfig } from "./config.ts";
import { nameKeyOf } from "./names.ts";
import type { AccountRole, Tables } from "./schema.ts";
import { findAccountWithPassword, updateRole } from "./store/accounts.ts";

const ROLES: readonly string[] = ["player", "moderator", "admin"] satisfies AccountRole[];
const USAGE = "usage: operator.ts grant <name> <player|moderator|admin> <reason> | operator.ts verify-audit-log";

const config = readConfig(process.env);
const database = createDatabase<Tables>({
  url: config.identityDbUrl,
  poolMax: 1,
  acquireTimeoutMs: config.dbAcquireTimeoutMs,
  statementTimeoutMs: 600_000,
});
const [command, ...args] = process.argv.slice(2);
try {
  const problem = command === "grant" ? await grant(args) : command === "verify-audit-log" ? await verify() : USAGE;
  if (problem !== undefined) {
    console.error(problem);
    process.exitCode = 1;
  }
} finally {
  await database.stop();
}

async function grant([name = "", role = "", ...words]: readonly string[]): Promise<string | undefined> {
  const reason = words.join(" ");
  if (!ROLES.includes(role) || reason === "") return USAGE;
  const account = await findAccountWithPassword(database.db, { nameKey: nameKeyOf(name) });
  if (!account) return `there is no registered account ${name}`;
  await inTransaction(database.db, async (tx) => {
    await updateRole(tx, account.id, role as AccountRole);
    await appendAudit(tx, {
      actor: "operator",
      action: "role_set",
      target: account.id,
      reason: `${role}: ${reason}`.slice(0, 256),
      at: new Date(),
    });
  });
  console.log(`${account.name} (${account.id}) is ${role} from the next refresh of its token on`);
  return undefined;
}

async function verify(): Promise<string | undefined> {
  const fault = await auditFault(database.db);
  if (fault === undefined) console.log("the audit log is as it was written");
  return fault;
}
