import { type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { AccountKind, type ProfileSchema } from "@muster/contracts/identity/v2";
import type { Account } from "./schema.ts";

/** Two names that differ in case only are one name. The contract allows ASCII only. */
export function nameKeyOf(name: string): string {
  return name.toLowerCase();
}

/** `Guest-` and 12 digits of the id: legible, and unlikely to be taken; the unique key decides. */
export function guestName(accountId: string): string {
  return `Guest-${accountId.replaceAll("-", "").slice(-12)}`;
}

export function toProfile(account: Account): MessageInitShape<typeof ProfileSchema> {
  return {
    playerId: account.id,
    name: account.name,
    kind: account.kind === "guest" ? AccountKind.GUEST : AccountKind.REGISTERED,
    createdAt: timestampFromDate(account.created_at),
  };
}
