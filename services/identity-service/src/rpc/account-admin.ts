// Accounts as moderators see them, and the end of their sessions.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { roles } from "@muster/contracts/identity/names";
import type { AccountSchema, IdentityService } from "@muster/contracts/identity/v2";
import { inTransaction } from "@muster/db";
import { canonicalId } from "@muster/rpc";
import { FOR_GOOD, toProfile } from "../accounts.ts";
import { fail } from "../errors.ts";
import { nameKeyOf } from "../names.ts";
import type { Account } from "../schema.ts";
import { findAccount, listAccounts, lockAccount } from "../store/accounts.ts";
import { listFamilies } from "../store/sessions.ts";
import { allowed } from "./admin.ts";
import { deviceOf } from "./devices.ts";
import type { RpcParts } from "./parts.ts";

const PAGE_SIZE_DEFAULT = 20;
const CURSOR = "accounts/";

export function accountAdminRpcs({
  db,
  sessions,
  accountQueues,
  audit,
  now,
}: RpcParts): Pick<ServiceImpl<typeof IdentityService>, "findAccounts" | "getAccount" | "revokePlayerDevices"> {
  return {
    async findAccounts({ actorId, query, pageSize, cursor }) {
      await allowed(db, actorId, "moderator", now());
      const size = pageSize || PAGE_SIZE_DEFAULT;
      const id = canonicalId(query);
      const by = id === undefined ? { nameKeyBegins: nameKeyOf(query), after: nameKeyIn(cursor) } : { id };
      const found = await listAccounts(db, by, size + 1);
      const accounts = found.slice(0, size);
      const last = found.length > size ? accounts.at(-1) : undefined;
      const nextCursor = last ? Buffer.from(CURSOR + last.name_key).toString("base64url") : "";
      return { accounts: accounts.map((account) => toAccount(account, now())), nextCursor };
    },

    async getAccount({ actorId, playerId }) {
      await allowed(db, actorId, "moderator", now());
      const account = await findAccount(db, playerId);
      if (!account) throw fail("player_not_found");
      const families = await listFamilies(db, playerId, now());
      return { account: toAccount(account, now()), devices: families.map(deviceOf) };
    },

    async revokePlayerDevices({ actorId, playerId, familyId, reason }) {
      await allowed(db, actorId, "moderator", now()); // before it waits
      const one = familyId !== "";
      const end = (): Promise<number> =>
        inTransaction(
          db,
          async (tx) => {
            const actor = await allowed(tx, actorId, "moderator", now());
            const target = await lockAccount(tx, playerId);
            if (!target) throw fail("player_not_found");
            if (playerId !== actorId && roles.valueOf(target.role) >= roles.valueOf(actor.role))
              throw fail("not_allowed");
            const ended = await sessions.revoke(tx, { accountId: playerId, ...(one && { id: familyId }) }, "revoked");
            if (ended === 0 && one) throw fail("device_not_found");
            if (ended === 0) return ended; // what changed nothing is not in the log
            const what = one ? `family ${familyId}` : `${ended} sessions`;
            const action = one ? "player_device_revoked" : "player_devices_revoked";
            await audit.append(tx, {
              action,
              target: playerId,
              reason: `${what}: ${reason}`,
              actor: actorId,
              at: now(),
            });
            return ended;
          },
          { repeatable: "account action" },
        );
      return { revoked: await accountQueues.run(playerId, `moderation by ${actorId}`, end) };
    },
  };
}

/** @throws AppError bad_cursor */
function nameKeyIn(cursor: string): string | undefined {
  if (cursor === "") return undefined;
  const text = Buffer.from(cursor, "base64url").toString();
  if (!text.startsWith(CURSOR)) throw fail("bad_cursor");
  return text.slice(CURSOR.length);
}

function toAccount(account: Account, now: Date): MessageInitShape<typeof AccountSchema> {
  const { banned_until: until, ban_reason: banReason } = account;
  if (until === null || until <= now) return { profile: toProfile(account) };
  return {
    profile: toProfile(account),
    bannedUntil: timestampFromDate(until),
    bannedForGood: until.getTime() === FOR_GOOD.getTime(),
    banReason: banReason ?? "",
  };
}
