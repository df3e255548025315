// The calls that may be repeated when it is unknown whether the first attempt was processed: those that only read, and those
// whose repetition changes nothing and gives the same answer. All other calls are repeated only if the first attempt was
// certainly not processed.
import type { DescMethodUnary } from "@bufbuild/protobuf";

/** The contract's services say of each of these why: an idempotency key, or the same state afterwards. */
export const REPEATABLE_WRITES: Readonly<Record<string, readonly string[]>> = {
  // Refresh: a repeat within the grace time gets the same successor.
  "identity.v2.IdentityService": ["Refresh", "LogOut"],
  "match.v2.MatchService": [
    "CreateMatch",
    "AdvanceEpoch",
    "AdvanceEpochs",
    "RecordResult",
    "CancelMatch",
    "RenewLeases",
  ],
  "chat.v2.ChatService": [
    "OpenDirect",
    "OpenMatch",
    "CreateRoom",
    "JoinRoom",
    "AcceptInvitation",
    "DeclineInvitation",
    "PostMessage",
    "MarkRead",
    "HideChannel",
    "ShowChannel",
    "BlockPlayer",
    "UnblockPlayer",
  ],
};

export function isRepeatable(method: DescMethodUnary): boolean {
  return (
    /^(Get|List)[A-Z]/.test(method.name) || (REPEATABLE_WRITES[method.parent.typeName]?.includes(method.name) ?? false)
  );
}
