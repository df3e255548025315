// What only moderators read: the mutes of a player, rooms by their names, and the moderation log.
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { entryMessage, listAuditEntries } from "@muster/audit";
import type { Actor as ActorMessage, ChatService } from "@muster/contracts/chat/v2";
import { canonicalId } from "@muster/rpc";
import { EVERYWHERE, roomKey } from "../channels.ts";
import { fail } from "../errors.ts";
import { listRooms } from "../store/channels.ts";
import { listMutes } from "../store/moderation.ts";
import { actorOf, type RpcParts } from "./parts.ts";

type ModeratorRpcs = "listMutes" | "findRooms" | "listModerationLog";

const ROOMS_PAGE_DEFAULT = 20;
const LOG_PAGE_DEFAULT = 50;
const MUTES_MAX = 100;
const CURSOR = "rooms/";

export function moderatorRpcs({
  db,
  now,
}: Pick<RpcParts, "db" | "now">): Pick<ServiceImpl<typeof ChatService>, ModeratorRpcs> {
  return {
    async listMutes(request) {
      refuseOthers(request);
      const mutes = await listMutes(db, request.playerId, now(), MUTES_MAX);
      return {
        mutes: mutes.map(({ channel_id: id, until, reason }) => ({
          channelId: id === EVERYWHERE ? "" : id,
          until: timestampFromDate(until),
          reason,
        })),
      };
    },

    async findRooms(request) {
      refuseOthers(request);
      const { query, pageSize, cursor } = request;
      const size = pageSize || ROOMS_PAGE_DEFAULT;
      const id = canonicalId(query);
      const by = id === undefined ? { keyBegins: roomKey(query), after: keyIn(cursor) } : { id };
      const found = await listRooms(db, by, size + 1);
      const rooms = found.slice(0, size);
      const last = found.length > size ? rooms.at(-1) : undefined;
      return {
        rooms: rooms.map((room) => ({
          channelId: room.id,
          name: room.name,
          private: room.is_private === 1,
          ownerId: room.owner_id ?? "",
          members: room.member_count,
          createdAt: timestampFromDate(room.created_at),
          activeAt: timestampFromDate(room.active_at),
        })),
        nextCursor: last ? Buffer.from(CURSOR + last.unique_key).toString("base64url") : "",
      };
    },

    async listModerationLog(request) {
      refuseOthers(request);
      const entries = await listAuditEntries(db, Number(request.before), request.pageSize || LOG_PAGE_DEFAULT);
      return {
        entries: entries.map(entryMessage),
      };
    },
  };
}

/** @throws AppError not_allowed */
function refuseOthers(request: { readonly actor?: ActorMessage | undefined }): void {
  if (!actorOf(request).moderator) throw fail("not_allowed");
}

/** @throws AppError bad_cursor */
function keyIn(cursor: string): string | undefined {
  if (cursor === "") return undefined;
  const text = Buffer.from(cursor, "base64url").toString();
  if (!text.startsWith(CURSOR)) throw fail("bad_cursor");
  return text.slice(CURSOR.length);
}
