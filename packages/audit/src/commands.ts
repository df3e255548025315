// The commands with which an operator works on a service's audit log.
import type { Environment } from "@muster/config";
import { type Command, type CommandParts, UsageError } from "@muster/service/database";
import { findAuditHash } from "./log.ts";
import { resealEntries, sealEntries, SealingRefusedError } from "./sealing.ts";
import type { Sealer } from "./sealer.ts";
import type { AuditTables } from "./table.ts";
import { type AuditReport, type PositionRange, verifyAuditLog } from "./verify.ts";

/** What a service's log is called, in its commands and their output: an operator must not be sent to another service's log. */
export type AuditLogName = "audit-log" | "moderation-log";

/** Of the usage text of a service that has `auditCommands`. */
export function auditUsage(keyVariable: string, name: AuditLogName = "audit-log"): string {
  return `  verify-${name} [--unsealed-too] [POSITION HASH]
      Checks that the ${textOf(name)} is intact and every entry is sealed; with --unsealed-too, entries without a seal are named but allowed.
      With POSITION and HASH, also checks that the log still has that entry, from a log line or from an earlier run.
  seal-${name} FROM-TO REASON
      Seals entries that verify-${name} reports as having no seal. Check the entries first.
  reseal-${name} REASON
      Seals again, with the first key of ${keyVariable}, the entries that an older key sealed, so that you can remove the older key.`;
}

/** Exits the process when there is no key: after the arguments have been looked at. */
type SealerOf = (env: Environment) => Sealer;
interface AuditLog {
  readonly name: AuditLogName;
  readonly sealerOf: SealerOf;
}

/** `verify-audit-log` is there under each name: a backup verifies the logs of all services with one command. */
export function auditCommands<Tables extends AuditTables>(
  sealerOf: SealerOf,
  name: AuditLogName = "audit-log",
): Record<string, Command<Tables>> {
  const log: AuditLog = { name, sealerOf };
  return {
    "verify-audit-log": (parts, args) => verify(parts, log, args),
    [`verify-${name}`]: (parts, args) => verify(parts, log, args),
    [`seal-${name}`]: (parts, args) => seal(parts, log, args),
    [`reseal-${name}`]: (parts, args) => reseal(parts, log, args),
  };
}

function textOf(name: AuditLogName): string {
  return name.replace("-", " ");
}

async function verify<Tables extends AuditTables>(
  { db, env, out }: CommandParts<Tables>,
  { name, sealerOf }: AuditLog,
  args: readonly string[],
): Promise<string | undefined> {
  const unsealedToo = args[0] === "--unsealed-too";
  const noted = notedFrom(name, unsealedToo ? args.slice(1) : args);
  const report = await verifyAuditLog(db, sealerOf(env));
  if (report.fault) return report.fault.message;
  if (noted && (await findAuditHash(db, noted.position)) !== noted.hash)
    return `entry ${noted.position} is not the one that was noted: entries have been removed or replaced`;
  const unsealed = unsealedIn(name, report);
  if (unsealed !== undefined && !unsealedToo) return unsealed;
  if (unsealed !== undefined) out.log(unsealed);
  out.log(`the ${textOf(name)} is intact`);
  if (report.last) out.log(`its last entry: ${report.last.position} ${report.last.hash.toString("hex")}`);
  return undefined;
}

interface Noted {
  readonly position: number;
  readonly hash: string;
}

function notedFrom(name: AuditLogName, args: readonly string[]): Noted | undefined {
  if (args.length === 0) return undefined;
  const [position = "", hash = "", ...more] = args;
  if (!/^\d{1,10}$/.test(position) || !/^[0-9a-f]{64}$/i.test(hash) || more.length > 0)
    throw new UsageError(
      `verify-${name} takes nothing, or the position and hash of an entry`,
      "[--unsealed-too] [POSITION HASH]",
    );
  return { position: Number(position), hash: hash.toLowerCase() };
}

function unsealedIn(
  name: AuditLogName,
  { unsealed, unsealedEntries, canBeSealed, last }: AuditReport,
): string | undefined {
  if (!canBeSealed)
    return last?.position === 0
      ? undefined
      : "no entry has a seal: the table is from a release without seals, and its hashes are correct; migrate seals them";
  if (unsealedEntries === 0) return undefined;
  const ranges = unsealed.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(", ");
  return `${unsealedEntries} entries have no seal: ${ranges}. Either an instance of a release without seals wrote them, or somebody with access to the table. Check them; seal-${name} seals them`;
}

async function seal<Tables extends AuditTables>(
  { db, env, out }: CommandParts<Tables>,
  { name, sealerOf }: AuditLog,
  [range = "", ...words]: readonly string[],
): Promise<string | undefined> {
  const takes = "FROM-TO REASON";
  const reason = words.join(" ");
  const positions = rangeFrom(range);
  if (!positions)
    throw new UsageError(`seal-${name} takes a range of entries that verify-${name} reports, such as 5-7`, takes);
  if (reason === "") throw new UsageError(`seal-${name} takes a reason, for the log`, takes);
  return await refusalOf(async () => {
    await sealEntries(db, sealerOf(env), positions, { actor: "operator", reason, at: new Date() });
    out.log(`entries ${positions.from} to ${positions.to} are sealed`);
  });
}

function rangeFrom(text: string): PositionRange | undefined {
  const [, from, to = from] = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(text) ?? [];
  if (from === undefined) return undefined;
  const range = { from: Number(from), to: Number(to) };
  return range.from >= 1 && range.from <= range.to ? range : undefined;
}

async function reseal<Tables extends AuditTables>(
  { db, env, out }: CommandParts<Tables>,
  { name, sealerOf }: AuditLog,
  words: readonly string[],
): Promise<string | undefined> {
  const reason = words.join(" ");
  if (reason === "") throw new UsageError(`reseal-${name} takes a reason`, "REASON");
  return await refusalOf(async () => {
    const sealer = sealerOf(env);
    const resealed = await resealEntries(db, sealer, { actor: "operator", reason, at: new Date() });
    out.log(`${resealed} entries were sealed again; all are now sealed with the key ${sealer.keyId}`);
  });
}

async function refusalOf(work: () => Promise<void>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (err) {
    if (err instanceof SealingRefusedError) return err.message;
    throw err;
  }
}
