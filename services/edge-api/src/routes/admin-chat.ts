// For moderators and admins: chat's rooms and moderation log, and mutes in all channels.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ActorSchema, Mute, Room } from "@muster/contracts/chat/v2";
import { must } from "@muster/errors";
import { auditEntryJson } from "./admin.ts";
import type { Call, Clients, Handlers, Schemas } from "./handler.ts";
import { permit, record } from "./operator.ts";
import { isoTime } from "./times.ts";

type ChatAdminOperations = "listModerationLog" | "findRooms" | "listPlayerMutes" | "mutePlayer" | "unmutePlayer";
type Muting = "mutePlayer" | "muteEverywhere";
type Unmuting = "unmutePlayer" | "unmuteEverywhere";

const DONE = { status: 204 } as const;
const DEFAULTED = "it has a default";

export const chatAdminHandlers: Handlers<ChatAdminOperations> = {
  async listModerationLog(call, clients) {
    await permit(call, "listModerationLog", clients);
    const { before = 0, limit } = call.query;
    const page = { before: BigInt(before), pageSize: must(limit, DEFAULTED) };
    const { entries } = await clients.chat.listModerationLog({ actor: moderatorOf(call), ...page });
    return { status: 200, body: { entries: entries.map(auditEntryJson) } };
  },

  async findRooms(call, clients) {
    await permit(call, "findRooms", clients);
    const { query = "", limit, cursor = "" } = call.query;
    const asked = { actor: moderatorOf(call), query, pageSize: must(limit, DEFAULTED), cursor };
    const { rooms, nextCursor } = await clients.chat.findRooms(asked);
    return { status: 200, body: { rooms: rooms.map(roomJson), ...(nextCursor === "" ? {} : { nextCursor }) } };
  },

  async listPlayerMutes(call, clients) {
    await permit(call, "listPlayerMutes", clients);
    const { playerId } = call.params;
    await clients.identity.getProfile({ playerId });
    const { mutes } = await clients.chat.listMutes({ actor: moderatorOf(call), playerId });
    return { status: 200, body: { mutes: mutes.map(muteJson) } };
  },

  mutePlayer: (call, clients) => muteEverywhere(call, clients),
  unmutePlayer: (call, clients) => unmuteEverywhere(call, call.body.reason, clients),
};

/** identity-service knows the player, and whether the caller's role is the higher one. */
export async function muteEverywhere(call: Call<Muting>, clients: Clients): Promise<typeof DONE> {
  const { playerId } = call.params;
  const { seconds, reason } = call.body;
  await permit(call, "mutePlayer", clients, playerId);
  await record(call, { operation: "mutePlayer", target: playerId, reason: `${seconds} s: ${reason}` }, clients);
  await clients.chat.mutePlayer({ actor: moderatorOf(call), channelId: "", playerId, seconds, reason });
  return DONE;
}

export async function unmuteEverywhere(call: Call<Unmuting>, reason: string, clients: Clients): Promise<typeof DONE> {
  const { playerId } = call.params;
  const actor = moderatorOf(call);
  await permit(call, "unmutePlayer", clients, playerId);
  const { mutes } = await clients.chat.listMutes({ actor, playerId });
  if (!mutes.some(isEverywhere)) return DONE; // what changes nothing is not in the log
  await record(call, { operation: "unmutePlayer", target: playerId, reason }, clients);
  await clients.chat.unmutePlayer({ actor, channelId: "", playerId, reason });
  return DONE;
}

/** Whoever identity-service has let pass, whatever role the access token has. */
function moderatorOf({ caller }: Pick<Call<Muting>, "caller">): MessageInitShape<typeof ActorSchema> {
  const { playerId, playerName: name } = must(caller, "secured");
  return { playerId, name, moderator: true };
}

function isEverywhere({ channelId }: Mute): boolean {
  return channelId === "";
}

function muteJson(mute: Mute): Schemas["MuteList"]["mutes"][number] {
  const { channelId, until, reason } = mute;
  return { ...(isEverywhere(mute) ? {} : { channelId }), until: isoTime(until), reason };
}

function roomJson(room: Room): Schemas["RoomPage"]["rooms"][number] {
  const { channelId, name, ownerId, members, createdAt, activeAt } = room;
  return {
    channelId,
    name,
    private: room.private,
    ...(ownerId === "" ? {} : { ownerId }),
    members,
    createdAt: isoTime(createdAt),
    activeAt: isoTime(activeAt),
  };
}
