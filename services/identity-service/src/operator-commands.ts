// The commands that an operator runs directly on the database, because no account with the permission exists yet or none is
// needed: see USAGE.
import { auditCommands, auditUsage, createAuditLog, type Sealer } from "@muster/audit";
import { configOrExit, type Environment } from "@muster/config";
import { roles } from "@muster/contracts/identity/names";
import { inTransaction } from "@muster/db";
import {
  type CommandParts,
  type OperatorCommands,
  type Output,
  runOperatorCommand,
  UsageError,
} from "@muster/service/database";
import { type Audit, type AuditAction, identitySealer } from "./audit.ts";
import { configuration, readAuditKey, readKeyEncryptionKey } from "./config.ts";
import { nameKeyOf, nameSkeletonOf } from "./names.ts";
import type { Account, Tables } from "./schema.ts";
import { replaceKeys } from "./signing-keys.ts";
import { findAccountWithPassword, listAccounts, updateRole } from "./store/accounts.ts";

const USAGE = `usage: operator.ts COMMAND …   (with IDENTITY_DB_URL in the environment)

  player NAME|NAME%|ID
      Finds accounts by name in any spelling, with those whose names look like it; by the start of the name; or by id. Prints id, name,
      kind, role, and whether the account is banned, separated by two spaces.
  grant NAME player|moderator|admin REASON
      Gives a registered account a role, for example to the first admin.
  make-admin NAME
      The same as grant NAME admin, with a reason that says that it was done here.
  revoke-keys REASON
      Revokes every signing key and creates a new one, encrypted with IDENTITY_KEY_ENCRYPTION_KEY. Running instances sign with it,
      and verifiers refuse tokens of the others, within seconds; clients refresh automatically.
${auditUsage("IDENTITY_AUDIT_KEY")}

All commands except player need IDENTITY_AUDIT_KEY.

Exit code 0: success; 1: it failed, or nothing was found; 2: wrong usage.`;

const ROWS_MAX = 50;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const COMMANDS: OperatorCommands<Tables> = {
  usage: USAGE,
  configuration,
  commands: { player, grant, "make-admin": makeAdmin, "revoke-keys": revokeKeys, ...auditCommands<Tables>(sealerOf) },
};

/** @returns the exit code */
export function runOperator(args: readonly string[], env: Environment, out?: Output): Promise<number> {
  return runOperatorCommand(COMMANDS, args, env, out);
}

function sealerOf(env: Environment): Sealer {
  return identitySealer(configOrExit("operator", () => readAuditKey(env)));
}

function auditOf(env: Environment): Audit {
  return createAuditLog<AuditAction>(sealerOf(env));
}

async function player(
  { db, out }: CommandParts<Tables>,
  [wanted = "", ...more]: readonly string[],
): Promise<string | undefined> {
  if (wanted === "" || more.length > 0) throw new UsageError("player takes one name or id", "NAME|NAME%|ID");
  const by = UUID.test(wanted)
    ? { id: wanted.toLowerCase() }
    : wanted.endsWith("%")
      ? { nameKeyBegins: nameKeyOf(wanted.slice(0, -1)) }
      : { nameKey: nameKeyOf(wanted), skeleton: nameSkeletonOf(wanted.trim()) };
  const found = await listAccounts(db, by, ROWS_MAX + 1);
  for (const account of found.slice(0, ROWS_MAX)) out.log(lineOf(account));
  if (found.length > ROWS_MAX) out.log(`… only the first ${ROWS_MAX} are shown`);
  return found.length > 0 ? undefined : "no such player";
}

function lineOf({ id, name, kind, role, banned_until: until }: Account): string {
  const banned = until !== null && until > new Date() ? `banned until ${until.toISOString()}` : "not banned";
  return [id, name, kind, role, banned].join("  ");
}

async function grant(
  { db, env, out }: CommandParts<Tables>,
  [name = "", role = "", ...words]: readonly string[],
): Promise<string | undefined> {
  const reason = words.join(" ");
  const takes = `NAME ${roles.all.join("|")} REASON`;
  if (role === "") throw new UsageError("grant takes a name, a role and a reason", takes);
  if (!roles.has(role)) throw new UsageError(`there is no role ${role}: ${roles.all.join(", ")}`, takes);
  if (reason === "") throw new UsageError("grant takes a reason, for the audit log", takes);
  const audit = auditOf(env);
  const account = await findAccountWithPassword(db, { nameKey: nameKeyOf(name) });
  if (!account)
    return `there is no registered account ${name}: create it on the page or with POST /v1/auth/register, then repeat this (a guest is not registered)`;
  await inTransaction(
    db,
    async (tx) => {
      await updateRole(tx, account.id, role);
      await audit.append(tx, {
        actor: "operator",
        action: "role_set",
        target: account.id,
        reason: `${role}: ${reason}`,
        at: new Date(),
      });
    },
    { repeatable: "operator sets role" },
  );
  out.log(`${account.name} (${account.id}) is ${role} now; the access token shows it after its next refresh`);
  return undefined;
}

/** One line that a log-in page can name, for who has just installed Muster. */
async function makeAdmin(
  parts: CommandParts<Tables>,
  [name = "", ...more]: readonly string[],
): Promise<string | undefined> {
  if (name === "" || more.length > 0) throw new UsageError("make-admin takes a name", "NAME");
  return grant(parts, [name, "admin", "made an admin on the server"]);
}

async function revokeKeys(
  { db, env, out }: CommandParts<Tables>,
  words: readonly string[],
): Promise<string | undefined> {
  const reason = words.join(" ");
  if (reason === "") throw new UsageError("revoke-keys takes a reason", "REASON");
  const encryptionKey = configOrExit("operator", () => readKeyEncryptionKey(env));
  const audit = auditOf(env);
  const { kid, withdrawn } = await inTransaction(
    db,
    async (tx) => {
      const at = new Date();
      const replaced = await replaceKeys(tx, encryptionKey, at);
      for (const target of replaced.withdrawn)
        await audit.append(tx, { actor: "operator", action: "key_revoked", target, reason, at });
      return replaced;
    },
    { repeatable: "operator replaces keys" },
  );
  for (const old of withdrawn) out.log(`${old} is withdrawn`);
  out.log(`${kid} signs from now on`);
  return undefined;
}
