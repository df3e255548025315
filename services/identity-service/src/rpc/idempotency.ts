// The idempotency keys of REST writes: what came with a key is carried out once, and its answer is kept for who asks again.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import type { ClaimIdempotencyKeyResponseSchema, IdentityService } from "@muster/contracts/identity/v2";
import { inTransaction } from "@muster/db";
import { fail } from "../errors.ts";
import {
  deleteKey,
  insertOrLockKey,
  type KeptRequest,
  listKeyEnds,
  replaceKey,
  storeAnswer,
} from "../store/idempotency.ts";
import type { RpcParts } from "./parts.ts";

export const KEYS_KEPT_MS = 24 * 3600 * 1000;
/** Of one player. Policy at the limit: a further key is refused until the oldest has ended; what has no key is not concerned. */
export const KEYS_OF_PLAYER_MAX = 500;

type Outcome = NonNullable<MessageInitShape<typeof ClaimIdempotencyKeyResponseSchema>["outcome"]>;

export function idempotencyRpcs({
  db,
  now,
}: RpcParts): Pick<ServiceImpl<typeof IdentityService>, "claimIdempotencyKey" | "settleIdempotencyKey"> {
  return {
    async claimIdempotencyKey({ playerId, operation, key, requestHash, holder, holdMs }) {
      const at = now();
      const wanted: KeptRequest = {
        player_id: playerId,
        operation,
        idempotency_key: key,
        request_hash: Buffer.from(requestHash),
        holder,
        held_until: new Date(at.getTime() + holdMs),
        status: null,
        body: null,
        expires_at: new Date(at.getTime() + KEYS_KEPT_MS),
      };
      const claim = async (): Promise<Outcome> =>
        inTransaction(
          db,
          async (tx) => {
            const found = await insertOrLockKey(tx, wanted);
            const ended = found.expires_at <= at;
            const outcome = ended ? CLAIMED : outcomeOf(found, wanted, at);
            if (outcome.case !== "claimed") return outcome;
            // Looked at with the new key among them: of two that come at once, neither overlooks the other for good.
            const ends = await listKeyEnds(tx, playerId, at, KEYS_OF_PLAYER_MAX + 1);
            const [first] = ends;
            if (first && ends.length > KEYS_OF_PLAYER_MAX)
              throw fail("too_many_keys", {
                details: { retryAfterS: Math.ceil((first.getTime() - at.getTime()) / 1000) },
              });
            const isSame = !ended && found.holder === holder;
            if (!isSame) await replaceKey(tx, ended ? wanted : { ...wanted, expires_at: found.expires_at });
            return outcome;
          },
          { isolation: "read committed", repeatable: "claim key" },
        );
      return { outcome: await claim() };
    },

    async settleIdempotencyKey({ playerId, operation, key, holder, answer }) {
      const name = { player_id: playerId, operation, idempotency_key: key };
      if (answer) await storeAnswer(db, name, holder, { status: answer.status, body: answer.body });
      else await deleteKey(db, name, holder);
      return {};
    },
  };
}

const CLAIMED = { case: "claimed", value: {} } as const;

function outcomeOf(found: KeptRequest, wanted: KeptRequest, at: Date): Outcome {
  if (!found.request_hash.equals(wanted.request_hash)) return { case: "anotherRequest", value: {} };
  if (found.status !== null) return { case: "answered", value: { status: found.status, body: found.body ?? "" } };
  const heldMs = found.held_until.getTime() - at.getTime();
  if (found.holder !== wanted.holder && heldMs > 0) return { case: "inFlight", value: { heldMs: Math.ceil(heldMs) } };
  return CLAIMED;
}
