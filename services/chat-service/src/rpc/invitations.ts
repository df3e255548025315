// Invitations: others invite a player to a room, and the player accepts or declines. Nobody is added to a room without
// consent.
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import type { ChatService } from "@muster/contracts/chat/v2";
import { inTransaction } from "@muster/db";
import { type Actor, mayModerate } from "../channels.ts";
import { fail } from "../errors.ts";
import { refuseMuted } from "../muted.ts";
import type { ChannelRow } from "../schema.ts";
import { findChannel, isMember } from "../store/channels.ts";
import type { Db } from "../store/db.ts";
import { ensureDirectLimits, lockDirectLimit } from "../store/directs.ts";
import {
  declineInvitation,
  deleteEnded,
  deleteInvitation,
  hasInvitation,
  insertInvitation,
  listInvitations,
  trimInvitations,
} from "../store/invitations.ts";
import { isBlocked } from "../store/moderation.ts";
import { asStrangers, takeDirectLimits } from "./directs.ts";
import { createJoining, haveMet, visible } from "./joining.ts";
import { actorOf, changerOf, type RpcParts } from "./parts.ts";

type InvitationRpcs = "addMember" | "listInvitations" | "acceptInvitation" | "declineInvitation";

export function invitationRpcs(parts: RpcParts): Pick<ServiceImpl<typeof ChatService>, InvitationRpcs> {
  const { db, limits, now } = parts;
  const { join, view } = createJoining(parts);

  /** @throws AppError too_many_directs */
  const invite = async (channel: ChannelRow, actor: Actor, playerId: string, address: string): Promise<void> => {
    const ids = { opener: actor.playerId, target: playerId, address };
    const isAcquainted = actor.moderator || (await haveMet(db, ids.opener, ids.target));
    const store = (): Promise<void> =>
      inTransaction(
        db,
        async (tx) => {
          if (isAcquainted)
            await lockDirectLimit(tx, playerId, "target", now()); // so that each counts the others
          else await takeDirectLimits(tx, ids, limits.directs, now());
          await refuseBlocked(tx, channel, actor, playerId); // a player who blocks locks the same row
          await refuseMuted(tx, channel.id, actor.playerId, now()); // the room's name is a text of its owner's
          await deleteEnded(tx, channel.id, playerId, openSince(parts));
          await insertInvitation(tx, {
            player_id: playerId,
            channel_id: channel.id,
            inviter_id: actor.playerId,
            inviter_name: actor.name,
            is_acquainted: isAcquainted ? 1 : 0,
            state: "pending",
            created_at: now(),
          });
          await trimInvitations(tx, playerId, limits.invitationsMax);
        },
        { repeatable: "invite" },
      );
    if (!isAcquainted) return asStrangers(parts, ids, store);
    await ensureDirectLimits(db, ids, now());
    await store();
  };

  return {
    async addMember(request) {
      const actor = changerOf(request, parts);
      const { playerId } = request;
      const isSelf = playerId === actor.playerId;
      // An owner who left no longer sees the room, but may still return to it.
      const own = isSelf ? await ownRoom(db, request.channelId, playerId) : undefined;
      const channel = own ?? (await visible(parts, request.channelId, actor));
      if (channel.kind !== "room" || !mayModerate(channel, actor)) throw fail("not_allowed");
      if (isSelf) {
        await join(channel.id, actor);
        return {};
      }
      await refuseBlocked(db, channel, actor, playerId);
      if (await isMember(db, channel.id, playerId)) return {};
      if (channel.member_count >= limits.roomMembersMax) throw fail("channel_full");
      if (await hasInvitation(db, channel.id, playerId, openSince(parts))) return {};
      await invite(channel, actor, playerId, request.clientAddress);
      return {};
    },

    async listInvitations(request) {
      const rows = await listInvitations(db, actorOf(request).playerId, openSince(parts));
      return {
        invitations: rows.map((row) => ({
          channelId: row.channel_id,
          roomName: row.name,
          private: row.is_private === 1,
          inviterId: row.inviter_id,
          inviterName: row.inviter_name,
          invitedAt: timestampFromDate(row.created_at),
          expiresAt: timestampFromDate(new Date(row.created_at.getTime() + limits.invitationMs)),
        })),
      };
    },

    async acceptInvitation(request) {
      const actor = changerOf(request, parts);
      const { channelId } = request;
      const isInvited = await hasInvitation(db, channelId, actor.playerId, openSince(parts));
      if (!isInvited && !(await isMember(db, channelId, actor.playerId))) throw fail("invitation_not_found");
      await join(channelId, actor, async (tx) => {
        // Taken back, or ended by a block, since it was looked for.
        if (!(await deleteInvitation(tx, channelId, actor.playerId))) throw fail("invitation_not_found");
      });
      return { channel: await view(channelId, actor) };
    },

    async declineInvitation(request) {
      await declineInvitation(db, request.channelId, changerOf(request, parts).playerId);
      return {};
    },
  };
}

async function ownRoom(db: Db, channelId: string, playerId: string): Promise<ChannelRow | undefined> {
  const channel = await findChannel(db, channelId);
  return channel?.owner_id === playerId ? channel : undefined;
}

/** By the inviter or by the room's owner. @throws AppError blocked */
async function refuseBlocked(db: Db, channel: ChannelRow, actor: Actor, playerId: string): Promise<void> {
  for (const other of new Set([actor.playerId, channel.owner_id ?? actor.playerId]))
    if (await isBlocked(db, other, playerId)) throw fail("blocked");
}

/** Invitations made before that have ended. */
export function openSince({ limits, now }: Pick<RpcParts, "limits" | "now">): Date {
  return new Date(now().getTime() - limits.invitationMs);
}
