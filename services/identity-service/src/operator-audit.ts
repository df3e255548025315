// What an operator does with the audit log: see USAGE in operator-commands.ts.
import {
  type AuditReport,
  createAuditLog,
  findAuditHash,
  type PositionRange,
  resealEntries,
  type Sealer,
  sealEntries,
  SealingRefusedError,
  verifyAuditLog as verifyLog,
} from "@muster/audit";
import { configOrExit, type Environment } from "@muster/config";
import { type Audit, type AuditAction, identitySealer } from "./audit.ts";
import { readAuditKey } from "./config.ts";
import { type CommandParts, UsageError } from "./operator-command.ts";

/** For commands that append to it. */
export function auditOf(env: Environment): Audit {
  return createAuditLog<AuditAction>(sealerOf(env));
}

function sealerOf(env: Environment): Sealer {
  return identitySealer(configOrExit("operator", () => readAuditKey(env)));
}

export async function verifyAuditLog(
  { db, env, out }: CommandParts,
  args: readonly string[],
): Promise<string | undefined> {
  const unsealedToo = args[0] === "--unsealed-too";
  const noted = notedFrom(unsealedToo ? args.slice(1) : args);
  const report = await verifyLog(db, sealerOf(env));
  if (report.fault) return report.fault.message;
  if (noted && (await findAuditHash(db, noted.position)) !== noted.hash)
    return `entry ${noted.position} is not the one that was noted: entries were cut off, or others put in their place`;
  const unsealed = unsealedIn(report);
  if (unsealed !== undefined && !unsealedToo) return unsealed;
  if (unsealed !== undefined) out.log(unsealed);
  out.log("the audit log is as it was written");
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
      : "no entry has a seal: the table is of a release without seals, and its hashes hold; migrate seals them";
  if (unsealedEntries === 0) return undefined;
  const ranges = unsealed.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(", ");
  return `${unsealedEntries} entries have no seal: ${ranges}. An instance of a release without seals wrote them, or somebody else with access to the table. Look at them; seal-audit-log seals them`;
}

export async function sealAuditLog(
  { db, env, out }: CommandParts,
  [range = "", ...words]: readonly string[],
): Promise<string | undefined> {
  const takes = "FROM-TO REASON";
  const reason = words.join(" ");
  const positions = rangeFrom(range);
  if (!positions)
    throw new UsageError("seal-audit-log takes the entries that verify-audit-log names, as in 5-7", takes);
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

export async function resealAuditLog(
  { db, env, out }: CommandParts,
  words: readonly string[],
): Promise<string | undefined> {
  const reason = words.join(" ");
  if (reason === "") throw new UsageError("reseal-audit-log takes a reason", "REASON");
  return await refusalOf(async () => {
    const sealer = sealerOf(env);
    const resealed = await resealEntries(db, sealer, { actor: "operator", reason, at: new Date() });
    out.log(`${resealed} entries were sealed anew; all are sealed with the key ${sealer.keyId}`);
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
