import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { GetTrustResponseSchema } from "@muster/contracts/identity/v2";
import type { Database } from "@muster/db";
import type { Tables } from "./schema.ts";
import type { SigningKeys } from "./signing-keys.ts";
import { listRevocations } from "./store/sessions.ts";

const REVOCATIONS_MAX = 2000;
/**
 * Positions are given out before commits: one that is missing now may appear below the watermark. So every answer
 * looks back over more than can be in flight at once; verifiers take repeats for what they are.
 */
const LOOK_BACK = 500n;

/** What verifiers of access tokens need to know, from a watermark on. */
export async function readTrust(
  db: Database<Tables>,
  keys: SigningKeys,
  watermark: bigint,
  now: Date,
): Promise<MessageInitShape<typeof GetTrustResponseSchema>> {
  const after = watermark > LOOK_BACK ? watermark - LOOK_BACK : 0n;
  const revocations = await listRevocations(db, after, now, REVOCATIONS_MAX);
  return {
    jwksJson: JSON.stringify(keys.jwks()),
    revocations: revocations.map(({ subject_kind, subject_id, revoked_at }) => ({
      subject:
        subject_kind === "family"
          ? { case: "familyId" as const, value: subject_id }
          : { case: "playerId" as const, value: subject_id },
      revokedAt: timestampFromDate(revoked_at),
    })),
    watermark: revocations.at(-1)?.position ?? watermark,
  };
}
