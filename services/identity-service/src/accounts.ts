import { type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { accountKinds, roles } from "@muster/contracts/identity/names";
import type { ProfileSchema } from "@muster/contracts/identity/v2";
import { v7 as uuidv7 } from "uuid";
import { fail } from "./errors.ts";
import { nameKeyOf, nameSkeletonOf } from "./names.ts";
import type { Account } from "./schema.ts";

/** Value of `banned_until` for a permanent ban. */
export const FOR_GOOD = new Date("9999-12-31T00:00:00Z");

/** `name` undefined: a guest, whose name is `Guest-` and 12 digits of the id: legible, and unlikely to be taken. */
export function newAccount(name: string | undefined, createdAt: Date): Account {
  const id = uuidv7();
  const shown = name ?? `Guest-${id.replaceAll("-", "").slice(-12)}`;
  return {
    id,
    name: shown,
    name_key: nameKeyOf(shown),
    name_skeleton: nameSkeletonOf(shown),
    kind: name === undefined ? "guest" : "registered",
    role: "player",
    banned_until: null,
    ban_reason: null,
    created_at: createdAt,
    updated_at: createdAt,
  };
}

/** What a guest becomes with a name: the same player. */
export function registeredGuest(guest: Account, name: string, updatedAt: Date): Account {
  return {
    ...guest,
    name,
    name_key: nameKeyOf(name),
    name_skeleton: nameSkeletonOf(name),
    kind: "registered",
    updated_at: updatedAt,
  };
}

/** @throws AppError account_banned, with details.reason and details.until when there is an end. */
export function refuseBanned(account: Account, now: Date): void {
  const { banned_until: until, ban_reason: reason } = account;
  if (until === null || until <= now) return;
  throw fail("account_banned", {
    details: {
      reason: reason ?? "",
      ...(until.getTime() === FOR_GOOD.getTime() ? {} : { until: until.toISOString() }),
    },
  });
}

export function toProfile(account: Account): MessageInitShape<typeof ProfileSchema> {
  return {
    playerId: account.id,
    name: account.name,
    kind: accountKinds.valueOf(account.kind),
    createdAt: timestampFromDate(account.created_at),
    role: roles.valueOf(account.role),
  };
}
