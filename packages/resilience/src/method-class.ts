// Which methods of a contract are alike to their caller. No I/O.
import type { Dependencies, Dependency } from "./row.ts";

/** Of a method's descriptor, what says of which class it is. */
export interface Method {
  readonly name: string;
  readonly methodKind: string;
  readonly parent: { readonly typeName: string };
}

/**
 * Writes that may be sent again when it is unknown whether the first attempt was processed: the contract's services say of each of these
 * why, an idempotency key or the same state afterwards. All other writes are sent again only if the first attempt was certainly not processed.
 */
export const REPEATABLE_WRITES: Readonly<Record<string, readonly string[]>> = {
  // Refresh: a repeat within the grace time gets the same successor.
  "identity.v2.IdentityService": ["Refresh", "LogOut", "ClaimIdempotencyKey", "SettleIdempotencyKey"],
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

export type MethodClass = "reads" | "repeatable writes" | "writes" | "streams";

/** By name: what begins with one of these words changes nothing. */
const READS = /^(?:Get|List|Find|Read)[A-Z]/;

export function methodClassOf({ name, methodKind, parent }: Method): MethodClass {
  if (methodKind !== "unary") return "streams";
  if (READS.test(name)) return "reads";
  return REPEATABLE_WRITES[parent.typeName]?.includes(name) ? "repeatable writes" : "writes";
}

/** The row that a call of this method is made by; undefined when the table says nothing of it, so that it cannot be made. */
export function rowOf(rows: Dependencies, method: Method): Dependency | undefined {
  const listed = Object.values(rows).find(({ methods }) => methods?.includes(method.name));
  const ofClass = rows[methodClassOf(method)];
  return listed ?? (ofClass?.methods === undefined ? ofClass : undefined);
}
