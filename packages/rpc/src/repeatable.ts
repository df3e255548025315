// Which calls may be sent again when nobody knows whether the first one was served: those that read, and those whose second
// time changes nothing and answers alike. What is in neither kind is sent again only when it surely was not served.
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
