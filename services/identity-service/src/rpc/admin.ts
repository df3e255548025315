// What moderators and admins do. The actor's role is read, and the audit entry written, in the same transaction as the
// action.
import { timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { type RoleName, roles } from "@muster/contracts/identity/names";
import type { IdentityService } from "@muster/contracts/identity/v2";
import { type OperatorAction, operatorOperation } from "@muster/contracts/operations";
import { entryMessage, listAuditEntries } from "@muster/audit";
import { inTransaction } from "@muster/db";
import { commonError, must } from "@muster/errors";
import { appendEvent } from "@muster/events";
import { canonicalId } from "@muster/rpc";
import { FOR_GOOD } from "../accounts.ts";
import type { AuditAction } from "../audit.ts";
import { fail } from "../errors.ts";
import { playerBanned, playerUnbanned } from "../events.ts";
import type { Account } from "../schema.ts";
import { findAccount, lockAccount, updateBan, updateRole } from "../store/accounts.ts";
import type { Db, Tx } from "../store/db.ts";
import { listKeyStates } from "../store/keys.ts";
import type { RpcParts } from "./parts.ts";

type AdminRpcs =
  | "banPlayer"
  | "unbanPlayer"
  | "setRole"
  | "listAuditLog"
  | "listSigningKeys"
  | "rotateSigningKey"
  | "revokeSigningKey"
  | "authorizeMatchCancel"
  | "authorizeOperation";

const AUDIT_PAGE_DEFAULT = 50;

export function adminRpcs({
  db,
  sessions,
  accountQueues,
  keys,
  audit,
  now,
}: RpcParts): Pick<ServiceImpl<typeof IdentityService>, AdminRpcs> {
  /** Runs `work` if the actor may, and writes the log. @throws AppError not_allowed */
  const asActor = <T>(
    actorId: string,
    atLeast: RoleName,
    entry: { action: AuditAction; target: string; reason: string },
    work: (tx: Tx, actor: Account) => Promise<T>,
  ): Promise<T> =>
    inTransaction(
      db,
      async (tx) => {
        const actor = await allowed(tx, actorId, atLeast, now());
        const result = await work(tx, actor);
        await audit.append(tx, { ...entry, actor: actorId, at: now() });
        return result;
      },
      { repeatable: "admin action" },
    );

  /** The same on a player's account, which waits for its turn among what the account's own sessions ask. */
  const onAccount = async (
    actorId: string,
    atLeast: RoleName,
    entry: { action: AuditAction; target: string; reason: string },
    work: (tx: Tx, actor: Account) => Promise<void>,
  ): Promise<void> => {
    await allowed(db, actorId, atLeast, now()); // before it waits: a caller without permission must not use a slot of the queue
    await accountQueues.run(entry.target, `moderation by ${actorId}`, () => asActor(actorId, atLeast, entry, work));
  };

  const setBan = async (
    actorId: string,
    playerId: string,
    reason: string,
    ban: { until: Date | null; action: "player_banned" | "player_unbanned" },
  ): Promise<void> =>
    onAccount(actorId, "moderator", { action: ban.action, target: playerId, reason }, async (tx, actor) => {
      const target = await lockAccount(tx, playerId);
      if (!target) throw fail("player_not_found");
      if (roles.valueOf(target.role) >= roles.valueOf(actor.role)) throw fail("not_allowed");
      await updateBan(tx, playerId, ban.until, ban.until ? reason : null);
      if (!ban.until) {
        // One that has ended by its time is no ban any more.
        if (target.banned_until !== null && target.banned_until > now())
          await appendEvent(tx, playerUnbanned(playerId, now()));
        return;
      }
      await appendEvent(tx, playerBanned(playerId, ban.until, now()));
      await sessions.revoke(tx, { accountId: playerId }, "banned");
      await sessions.endAccessTokens(tx, playerId);
    });

  return {
    async banPlayer({ actorId, playerId, until, reason }) {
      if (until && timestampDate(until) <= now())
        throw commonError("invalid_request", { message: "The end of a ban lies in the future." });
      await setBan(actorId, playerId, reason, {
        until: until ? timestampDate(until) : FOR_GOOD,
        action: "player_banned",
      });
      return {};
    },

    async unbanPlayer({ actorId, playerId, reason }) {
      await setBan(actorId, playerId, reason, { until: null, action: "player_unbanned" });
      return {};
    },

    async setRole({ actorId, playerId, role, reason }) {
      const name = must(roles.nameOf(role), "validation demands a role");
      const entry = { action: "role_set", target: playerId, reason: `${name}: ${reason}` } as const;
      await onAccount(actorId, "admin", entry, async (tx) => {
        // Whoever takes a role away keeps their own: both rows are locked, always in one order, and the actor's role is read under the lock, so
        // that of two admins who demote each other at once one stays.
        const locked = new Map<string, Account | undefined>();
        for (const id of [actorId, playerId].toSorted()) locked.set(id, await lockAccount(tx, id));
        if (actorId === playerId || locked.get(actorId)?.role !== "admin") throw fail("not_allowed");
        if (!locked.get(playerId)) throw fail("player_not_found");
        await updateRole(tx, playerId, name);
        await sessions.endAccessTokens(tx, playerId);
      });
      return {};
    },

    async listAuditLog({ actorId, before, pageSize }) {
      await allowed(db, actorId, "admin", now());
      const entries = await listAuditEntries(db, Number(before), pageSize || AUDIT_PAGE_DEFAULT);
      return {
        entries: entries.map(entryMessage),
      };
    },

    async listSigningKeys({ actorId }) {
      await allowed(db, actorId, "admin", now());
      const states = await listKeyStates(db);
      return {
        keys: states.map(({ kid, state, state_since }) => ({ kid, state, since: timestampFromDate(state_since) })),
      };
    },

    async rotateSigningKey({ actorId, reason }) {
      const kid = await asActor(actorId, "admin", { action: "key_rotated", target: "", reason }, (tx) =>
        keys.rotate(tx),
      );
      await keys.reload();
      return { kid };
    },

    async revokeSigningKey({ actorId, kid, reason }) {
      const entry = { action: "key_revoked", target: kid, reason } as const;
      await asActor(actorId, "admin", entry, (tx) => keys.revoke(tx, kid));
      await keys.reload();
      return {};
    },

    // Before the match is cancelled, by another service: an order without its effect can be read in the log, an effect without
    // its order could not.
    async authorizeMatchCancel({ actorId, matchId, reason, record }) {
      const entry = { action: "match_cancel_ordered", target: matchId, reason } as const;
      if (record) await asActor(actorId, "moderator", entry, () => Promise.resolve());
      else await allowed(db, actorId, "moderator", now());
      return {};
    },

    async authorizeOperation({ actorId, operation, target, reason, record }) {
      const row = operatorOperation(operation);
      // Of a later release of edge-api: what this one does not know it allows nobody.
      if (!row || (record && row.audit === undefined)) throw commonError("invalid_request");
      // Without a target, only whether the actor's role may at all.
      const refuse = async (on: Db, actor: Account): Promise<void> => {
        if (row.onLowerRoles && (record || target !== "")) await refuseUnlessLower(on, target, actor);
      };
      if (!record) await refuse(db, await allowed(db, actorId, row.role, now()));
      else {
        const action = row.audit as OperatorAction;
        await asActor(actorId, row.role, { action, target, reason }, refuse);
      }
      return {};
    },
  };
}

/** @throws AppError player_not_found, not_allowed */
async function refuseUnlessLower(db: Db, playerId: string, actor: Account): Promise<void> {
  const id = canonicalId(playerId);
  const target = id === undefined ? undefined : await findAccount(db, id);
  if (!target) throw fail("player_not_found");
  if (roles.valueOf(target.role) >= roles.valueOf(actor.role)) throw fail("not_allowed");
}

/** @throws AppError not_allowed */
export async function allowed(db: Db, actorId: string, atLeast: RoleName, now: Date): Promise<Account> {
  const actor = await findAccount(db, actorId);
  if (
    !actor ||
    (actor.banned_until !== null && actor.banned_until > now) ||
    roles.valueOf(actor.role) < roles.valueOf(atLeast)
  )
    throw fail("not_allowed");
  return actor;
}
