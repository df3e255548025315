import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { GetTrustResponse } from "@muster/contracts/identity/v2";
import type { JSONWebKeySet } from "jose";
import type { Revocation, RevocationFeed } from "./access-token.ts";

/** The revocation feed of identity-service: its GetTrust. */
export function revocationFeedFrom(identity: {
  getTrust(request: { watermark: bigint }): Promise<GetTrustResponse>;
}): RevocationFeed {
  return async (watermark) => {
    const answer = await identity.getTrust({ watermark });
    return {
      jwks: JSON.parse(answer.jwksJson) as JSONWebKeySet,
      revocations: answer.revocations.flatMap(({ subject, revokedAt }): Revocation[] =>
        subject.case === undefined || !revokedAt
          ? []
          : [
              {
                subject: subject.case === "familyId" ? "family" : "player",
                id: subject.value,
                revokedAtMs: timestampMs(revokedAt),
              },
            ],
      ),
      watermark: answer.watermark,
    };
  };
}
