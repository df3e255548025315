// Moderation: mutes by moderators and owners, blocks by players.
import type { ServiceImpl } from "@connectrpc/connect";
import type { ChatService } from "@muster/contracts/chat/v2";
import { inTransaction } from "@muster/db";
import { moderationTarget } from "../audit.ts";
import { type Actor, directKey, EVERYWHERE, GLOBAL_CHANNEL_ID, mayModerate } from "../channels.ts";
import { fail } from "../errors.ts";
import { findChannelByKey, hideChannels, isMember, listRoomsOwned } from "../store/channels.ts";
import { lockDirectLimit } from "../store/directs.ts";
import { deleteInvitationsBy } from "../store/invitations.ts";
import { insertHint } from "../store/messages.ts";
import {
  deleteBlock,
  deleteMute,
  findMuteIn,
  insertBlock,
  listBlocked,
  type Mute,
  storeMute,
} from "../store/moderation.ts";
import { visible } from "./joining.ts";
import { actorOf, changerOf, type RpcParts } from "./parts.ts";

type ModerationRpcs = "mutePlayer" | "unmutePlayer" | "blockPlayer" | "unblockPlayer" | "listBlocked";

const BLOCKS_MAX = 1000;
/** A mute for the same reason that ends as close to the one that is there is a repeat of it. */
const REPEAT_WITHIN_MS = 5000;

export function moderationRpcs(parts: RpcParts): Pick<ServiceImpl<typeof ChatService>, ModerationRpcs> {
  const { db, delivery, audit, now } = parts;

  /** @returns the channel id as `mutes` has it. @throws AppError channel_not_found, not_allowed */
  const mutable = async (channelId: string, actor: Actor): Promise<string> => {
    if (channelId === "") {
      if (!actor.moderator) throw fail("not_allowed");
      return EVERYWHERE;
    }
    const channel = await visible(parts, channelId, actor);
    if (!mayModerate(channel, actor)) throw fail("not_allowed");
    return channel.id;
  };

  return {
    async mutePlayer(request) {
      const actor = changerOf(request, parts);
      const { playerId, seconds, reason } = request;
      const channelId = await mutable(request.channelId, actor);
      const hasMembers = channelId !== EVERYWHERE && channelId !== GLOBAL_CHANNEL_ID;
      if (hasMembers && !(await isMember(db, channelId, playerId))) throw fail("member_not_found");
      const mute = { until: new Date(now().getTime() + seconds * 1000), reason };
      await inTransaction(
        db,
        async (tx) => {
          if (isRepeat(await findMuteIn(tx, channelId, playerId), mute)) return;
          await storeMute(tx, channelId, playerId, mute);
          const target = moderationTarget(playerId, channelId);
          await audit.append(tx, { actor: actor.playerId, action: "player_muted", target, reason, at: now() });
        },
        { repeatable: "mute" },
      );
      return {};
    },

    async unmutePlayer(request) {
      const actor = changerOf(request, parts);
      const { playerId, reason } = request;
      const channelId = await mutable(request.channelId, actor);
      await inTransaction(
        db,
        async (tx) => {
          if (!(await deleteMute(tx, channelId, playerId))) return;
          const target = moderationTarget(playerId, channelId);
          await audit.append(tx, { actor: actor.playerId, action: "player_unmuted", target, reason, at: now() });
        },
        { repeatable: "unmute" },
      );
      return {};
    },

    async blockPlayer(request) {
      const { playerId: own } = changerOf(request, parts);
      if (own === request.playerId) throw fail("invalid_request", { message: "That is yourself." });
      const blocked = await listBlocked(db, own);
      if (blocked.length >= BLOCKS_MAX && !blocked.includes(request.playerId))
        throw fail("too_many_blocks", { details: { blocksMax: BLOCKS_MAX } });
      const direct = await findChannelByKey(db, directKey(own, request.playerId));
      const rooms = await listRoomsOwned(db, request.playerId);
      const isNew = await inTransaction(
        db,
        async (tx) => {
          await lockDirectLimit(tx, own, "target", now()); // an invitation that is being made is there by now, or sees the block
          if (!(await insertBlock(tx, own, request.playerId, now()))) return false;
          await hideChannels(tx, direct ? [direct.id, ...rooms] : rooms, own);
          await deleteInvitationsBy(tx, own, request.playerId, rooms);
          await insertHint(tx, { playerIds: [own] }, now());
          return true;
        },
        { repeatable: "block" },
      );
      if (isNew) delivery.wake();
      return {};
    },

    async unblockPlayer(request) {
      const { playerId: own } = changerOf(request, parts);
      const wasBlocked = await inTransaction(
        db,
        async (tx) => {
          if (!(await deleteBlock(tx, own, request.playerId))) return false;
          await insertHint(tx, { playerIds: [own] }, now());
          return true;
        },
        { repeatable: "unblock" },
      );
      if (wasBlocked) delivery.wake();
      return {};
    },

    listBlocked: async (request) => ({ playerIds: await listBlocked(db, actorOf(request).playerId) }),
  };
}

function isRepeat(before: Mute | undefined, mute: Mute): boolean {
  return before?.reason === mute.reason && Math.abs(mute.until.getTime() - before.until.getTime()) < REPEAT_WITHIN_MS;
}
