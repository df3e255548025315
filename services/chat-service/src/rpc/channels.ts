// Channels and members.
import type { ServiceImpl } from "@connectrpc/connect";
import type { ChatService } from "@muster/contracts/chat/v2";
import { decodeCursor, encodeCursor, inTransaction, isDuplicateKey } from "@muster/db";
import { AppError, must } from "@muster/errors";
import { lengthOf, nameFaultOf } from "@muster/runtime";
import { moderationTarget } from "../audit.ts";
import { v7 as uuidv7 } from "uuid";
import { directKey, GLOBAL_CHANNEL_ID, matchKey, mayModerate, refuseReading, roomKey } from "../channels.ts";
import { fail } from "../errors.ts";
import { refuseMutedEverywhere } from "../muted.ts";
import type { ChannelRow } from "../schema.ts";
import {
  countRoomsOf,
  deleteMember,
  findChannelByKey,
  lockChannel,
  insertChannel,
  isMember,
  listChannelsOf,
  listMembers,
} from "../store/channels.ts";
import type { Tx } from "../store/db.ts";
import { ensureDirectLimits, lockDirectLimit } from "../store/directs.ts";
import { deleteInvitation, hasInvitation } from "../store/invitations.ts";
import { insertHint } from "../store/messages.ts";
import { isBlocked } from "../store/moderation.ts";
import { viewsOf } from "../views.ts";
import { asStrangers, hide, show, takeDirectLimits } from "./directs.ts";
import { openSince } from "./invitations.ts";
import { createJoining, haveMet, type Person, visible } from "./joining.ts";
import { actorOf, changerOf, type RpcParts } from "./parts.ts";

type ChannelRpcs =
  | "listChannels"
  | "openDirect"
  | "openMatch"
  | "createRoom"
  | "joinRoom"
  | "removeMember"
  | "hideChannel"
  | "showChannel"
  | "listMembers";

/** As the database has it. A few letters are up to eighteen when a name is made a key. */
const UNIQUE_KEY_CHARS_MAX = 128;
const MEMBERS_PAGE_DEFAULT = 100;

export function channelRpcs(parts: RpcParts): Pick<ServiceImpl<typeof ChatService>, ChannelRpcs> {
  const { db, matches, delivery, audit, callLimits, limits, now } = parts;
  const { view, letIn, join } = createJoining(parts);

  const newChannel = (more: Pick<ChannelRow, "kind" | "unique_key"> & Partial<ChannelRow>): ChannelRow => ({
    id: uuidv7(),
    name: "",
    is_private: 0,
    owner_id: null,
    member_count: 0,
    last_seq: 0n,
    last_change: 0n,
    created_at: now(),
    active_at: now(),
    ...more,
  });

  /** Finds the channel, or makes it with its members; of two at the same instant one makes it. */
  const findOrMake = async (
    channel: ChannelRow,
    people: readonly Person[],
    first: (tx: Tx) => Promise<void> = async () => {},
  ): Promise<ChannelRow> => {
    const found = await findChannelByKey(db, channel.unique_key);
    if (found) return found;
    try {
      await inTransaction(
        db,
        async (tx) => {
          await first(tx);
          await insertChannel(tx, channel);
          await letIn(tx, channel, people);
        },
        { repeatable: "create channel" },
      );
      delivery.wake();
      return channel;
    } catch (err) {
      if (!isDuplicateKey(err, "channels_unique_key")) throw err;
      return must(await findChannelByKey(db, channel.unique_key), "a duplicate exists");
    }
  };

  const playersOf = async (matchId: string): Promise<Person[]> => {
    try {
      const { match } = await callLimits.elsewhere(() => matches.getMatch({ matchId }));
      return (match?.participants ?? []).map(({ playerId, playerName }) => ({ playerId, name: playerName }));
    } catch (err) {
      if (err instanceof AppError && err.code === "match_not_found") throw fail("match_not_found");
      throw err;
    }
  };

  return {
    async listChannels(request) {
      const { playerId } = actorOf(request);
      const after = decodeCursor("channels", request.cursor, () => fail("bad_cursor"));
      const page = await listChannelsOf(db, playerId, request.limit || undefined, after);
      return {
        channels: await viewsOf(db, page.channels, playerId),
        nextCursor: page.next ? encodeCursor("channels", page.next) : "",
      };
    },

    async openDirect(request) {
      const actor = actorOf(request);
      const other = { playerId: request.playerId, name: request.playerName };
      if (other.playerId === actor.playerId) throw fail("invalid_request", { message: "That is yourself." });
      if (await isBlocked(db, actor.playerId, other.playerId)) throw fail("blocked");
      const wanted = newChannel({ kind: "direct", unique_key: directKey(actor.playerId, other.playerId) });
      const ids = { opener: actor.playerId, target: other.playerId, address: request.clientAddress };
      const known = await haveMet(db, ids.opener, ids.target);
      const channel = known
        ? await findOrMake(wanted, [actor, other])
        : await asStrangers(parts, ids, () =>
            findOrMake(wanted, [actor, other], (tx) => takeDirectLimits(tx, ids, limits.directs, now())),
          );
      if (await show(db, channel, actor.playerId, now())) delivery.wake();
      return { channel: await view(channel.id, actor) };
    },

    async openMatch(request) {
      const actor = actorOf(request);
      const key = matchKey(request.matchId);
      const found = await findChannelByKey(db, key);
      const players = found ? [] : await playersOf(request.matchId);
      // Who did not play must not make the channel either.
      if (!found && !actor.moderator && !players.some(({ playerId }) => playerId === actor.playerId))
        throw fail("channel_not_found");
      const channel = found ?? (await findOrMake(newChannel({ kind: "match", unique_key: key }), players));
      refuseReading(channel, await isMember(db, channel.id, actor.playerId), actor);
      return { channel: await view(channel.id, actor) };
    },

    async createRoom(request) {
      const actor = changerOf(request, parts);
      const reason = nameFaultOf(request.name.normalize("NFKC"));
      if (reason !== undefined)
        throw fail("invalid_request", {
          message: "This name could be misread: choose another one.",
          details: { reason },
        });
      const key = roomKey(request.name);
      if (lengthOf(key) > UNIQUE_KEY_CHARS_MAX)
        throw fail("invalid_request", { message: "The room's name is too long once it is written out." });
      await ensureDirectLimits(db, { opener: actor.playerId, target: actor.playerId }, now());
      const wanted = newChannel({
        kind: "room",
        unique_key: key,
        name: request.name.normalize("NFC"),
        is_private: request.private ? 1 : 0,
        owner_id: actor.playerId,
      });
      const channel = await findOrMake(wanted, [actor], async (tx) => {
        await lockDirectLimit(tx, actor.playerId, "opener", now()); // first, so that of many at once each counts the others
        await refuseMutedEverywhere(tx, actor.playerId, now());
        if ((await countRoomsOf(tx, actor.playerId)) >= limits.roomsOwnedMax)
          throw fail("too_many_rooms", { details: { roomsMax: limits.roomsOwnedMax } });
      });
      if (channel.owner_id !== actor.playerId) throw fail("room_name_taken");
      return { channel: await view(channel.id, actor) };
    },

    async joinRoom(request) {
      const actor = changerOf(request, parts);
      const channel = await findChannelByKey(db, roomKey(request.name));
      const isWelcome =
        channel &&
        (channel.is_private === 0 ||
          (await isMember(db, channel.id, actor.playerId)) ||
          (await hasInvitation(db, channel.id, actor.playerId, openSince(parts))));
      if (!isWelcome) throw fail("channel_not_found");
      await join(channel.id, actor, (tx) => deleteInvitation(tx, channel.id, actor.playerId));
      return { channel: await view(channel.id, actor) };
    },

    async removeMember(request) {
      const actor = changerOf(request, parts);
      const { channelId, playerId } = request;
      const channel = await visible(parts, channelId, actor);
      const isSelf = playerId === actor.playerId;
      if (channel.kind === "direct" && isSelf) {
        if (await hide(db, channelId, playerId, now())) delivery.wake();
        return {};
      }
      if (channel.kind !== "room" || (!isSelf && !mayModerate(channel, actor))) throw fail("not_allowed");
      await inTransaction(
        db,
        async (tx) => {
          await lockChannel(tx, channelId);
          const wasInvited = await deleteInvitation(tx, channelId, playerId);
          if (!(await deleteMember(tx, channelId, playerId))) {
            if (wasInvited) return;
            throw fail("member_not_found");
          }
          await insertHint(tx, { playerIds: [playerId] }, now());
          if (isSelf) return;
          const target = moderationTarget(playerId, channelId);
          await audit.append(tx, { actor: actor.playerId, action: "member_removed", target, reason: "", at: now() });
        },
        { repeatable: "remove member" },
      );
      delivery.wake();
      return {};
    },

    async hideChannel(request) {
      const actor = changerOf(request, parts);
      const channel = await visible(parts, request.channelId, actor);
      if (channel.kind === "global") throw fail("not_allowed"); // it is everybody's, and nobody is out of it
      if (await hide(db, channel.id, actor.playerId, now())) delivery.wake();
      return {};
    },

    async showChannel(request) {
      const actor = changerOf(request, parts);
      const channel = await visible(parts, request.channelId, actor);
      if (channel.kind === "global") throw fail("not_allowed");
      if (!(await isMember(db, channel.id, actor.playerId))) throw fail("member_not_found");
      if (await show(db, channel, actor.playerId, now())) delivery.wake();
      return {};
    },

    async listMembers(request) {
      const actor = actorOf(request);
      const channel = await visible(parts, request.channelId, actor);
      if (channel.id === GLOBAL_CHANNEL_ID) return { members: [], more: false };
      const limit = request.limit || MEMBERS_PAGE_DEFAULT;
      const rows = await listMembers(db, channel.id, request.afterPlayerId, limit + 1);
      return {
        members: rows.slice(0, limit).map((row) => ({ playerId: row.player_id, name: row.name })),
        more: rows.length > limit,
      };
    },
  };
}
