// The commands with which an operator works on a service's audit log.
import type { Environment } from "@muster/config";
import { type Command, type CommandParts, UsageError } from "@muster/service/database";
import { findAuditHash } from "./log.ts";
import { resealEntries, sealEntries, SealingRefusedError } from "./sealing.ts";
import type { Sealer } from "./sealer.ts";
import type { AuditTables } from "./table.ts";
import { type AuditReport, type PositionRange, verifyAuditLog } from "./verify.ts";

/** Of the usage text of a service that has `auditCommands`. */
export function auditUsage(keyVariable: string): string {
  return `  verify-audit-log [--unsealed-too] [POSITION HASH]
      Checks that the audit log is intact and every entry is sealed; with --unsealed-too, entries without a seal are named but allowed.
      With POSITION and HASH, also checks that the log still has that entry, from a log line or from an earlier run.
  seal-audit-log FROM-TO REASON
      Seals entries that verify-audit-log reports as having no seal. Check the entries first.
  reseal-audit-log REASON
      Seals again, with the first key of ${keyVariable}, the entries that an older key sealed, so that you can remove the older key.`;
}

/** Exits the process when there is no key: after the arguments have been looked at. */
type SealerOf = (env: Environment) => Sealer;
type AuditCommandName = "verify-audit-log" | "seal-audit-log" | "reseal-audit-log";

export function auditCommands<Tables extends AuditTables>(
  sealerOf: SealerOf,
): Record<AuditCommandName, Command<Tables>> {
  return {
    "verify-audit-log": (parts, args) => verify(parts, sealerOf, args),
    "seal-audit-log": (parts, args) => seal(parts, sealerOf, args),
    "reseal-audit-log": (parts, args) => reseal(parts, sealerOf, args),
  };
}

async function verify<Tables extends AuditTables>(
  { db, env, out }: CommandParts<Tables>,
  sealerOf: SealerOf,
  args: readonly string[],
): Promise<string | undefined> {
  const unsealedToo = args[0] === "--unsealed-too";
  const noted = notedFrom(unsealedToo ? args.slice(1) : args);
  const report = await verifyAuditLog(db, sealerOf(env));
  if (report.fault) return report.fault.message;
  if (noted && (await findAuditHash(db, noted.position)) !== noted.hash)
    return `entry ${noted.position} is not the one that was noted: entries have been removed or replaced`;
  const unsealed = unsealedIn(report);
  if (unsealed !== undefined && !unsealedToo) return unsealed;
  if (unsealed !== undefined) out.log(unsealed);
  out.log("the audit log is intact");
  if (report.last) out.log(`its last entry: ${report.last.position} ${report.last.hash.toString("hex")}`);
  return undefined;
}

interface Noted {
  readonly position: number;
  readonly hash: string;
}

function notedFrom(args: readonly string[]): Noted | undefined {
  if (args.length === 0) return undefined;
  const [position = "", hash = "", ...more] = args;
  if (!/^\d{1,10}$/.test(position) || !/^[0-9a-f]{64}$/i.test(hash) || more.length > 0)
    throw new UsageError(
      "verify-audit-log takes nothing, or the position and hash of an entry",
      "[--unsealed-too] [POSITION HASH]",
    );
  return { position: Number(position), hash: hash.toLowerCase() };
}

function unsealedIn({ unsealed, unsealedEntries, canBeSealed, last }: AuditReport): string | undefined {
  if (!canBeSealed)
    return last?.position === 0
      ? undefined
      : "no entry has a seal: the table is from a release without seals, and its hashes are correct; migrate seals them";
  if (unsealedEntries === 0) return undefined;
  const ranges = unsealed.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(", ");
  return `${unsealedEntries} entries have no seal: ${ranges}. Either an instance of a release without seals wrote them, or somebody with access to the table. Check them; seal-audit-log seals them`;
}

async function seal<Tables extends AuditTables>(
  { db, env, out }: CommandParts<Tables>,
  sealerOf: SealerOf,
  [range = "", ...words]: readonly string[],
): Promise<string | undefined> {
  const takes = "FROM-TO REASON";
  const reason = words.join(" ");
  const positions = rangeFrom(range);
  if (!positions)
    throw new UsageError("seal-audit-log takes a range of entries that verify-audit-log reports, such as 5-7", takes);
  if (reason === "") throw new UsageError("seal-audit-log takes a reason, for the audit log", takes);
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
  sealerOf: SealerOf,
  words: readonly string[],
): Promise<string | undefined> {
  const reason = words.join(" ");
  if (reason === "") throw new UsageError("reseal-audit-log takes a reason", "REASON");
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
