// For moderators: accounts, their sessions, and the matches.
import type { Account } from "@muster/contracts/identity/v2";
import { matchStates } from "@muster/contracts/match/names";
import { commonError, must } from "@muster/errors";
import type { Call, Handlers, Schemas } from "./handler.ts";
import { matchJson } from "./matches.ts";
import { actorOf, permit } from "./operator.ts";
import { profileJson } from "./sessions.ts";
import { isoTime } from "./times.ts";

type DeviceOperations = "listPlayerDevices" | "revokePlayerDevice" | "revokePlayerDevices";

const DEFAULTED = "it has a default";
const NOT_TOGETHER = {
  message: "The matches of a player cannot be filtered further.",
  details: { where: "querystring.playerId", problem: "is not allowed together with state or mode" },
};

export const playerAdminHandlers: Handlers<"findAccounts" | "getAccount" | DeviceOperations | "listMatches"> = {
  async findAccounts(call, { identity }) {
    const { query = "", limit, cursor = "" } = call.query;
    const pageSize = must(limit, DEFAULTED);
    const { accounts, nextCursor } = await identity.findAccounts({ actorId: actorOf(call), query, pageSize, cursor });
    const body = { accounts: accounts.map(accountJson), ...(nextCursor === "" ? {} : { nextCursor }) };
    return { status: 200, body };
  },

  async getAccount(call, { identity }) {
    const { account } = await identity.getAccount({ actorId: actorOf(call), playerId: call.params.playerId });
    return { status: 200, body: accountJson(must(account, "identity sends an account")) };
  },

  async listPlayerDevices(call, { identity }) {
    const { devices } = await identity.getAccount({ actorId: actorOf(call), playerId: call.params.playerId });
    return {
      status: 200,
      body: {
        devices: devices.map(({ familyId, label, createdAt, lastUsedAt, expiresAt }) => ({
          deviceId: familyId,
          label,
          createdAt: isoTime(createdAt),
          lastUsedAt: isoTime(lastUsedAt),
          expiresAt: isoTime(expiresAt),
        })),
      },
    };
  },

  async revokePlayerDevice(call, { identity }) {
    const { playerId, deviceId: familyId } = call.params;
    await identity.revokePlayerDevices({ actorId: actorOf(call), playerId, familyId, reason: call.body.reason });
    return { status: 204 };
  },

  async revokePlayerDevices(call, { identity }) {
    const { playerId } = call.params;
    const { reason } = call.body;
    const { revoked } = await identity.revokePlayerDevices({ actorId: actorOf(call), playerId, reason });
    return { status: 200, body: { revoked } };
  },

  async listMatches(call, clients) {
    await permit(call, "listMatches", clients);
    const { matches, nextCursor } = await pageOf(call.query, clients);
    const shown = matches.map((match) => ({ match: matchJson(match), shardId: match.shardId, epoch: match.epoch }));
    return { status: 200, body: { matches: shown, ...(nextCursor === "" ? {} : { nextCursor }) } };
  },
};

function pageOf(
  { state, mode, playerId, limit, cursor = "" }: Call<"listMatches">["query"],
  { match }: Parameters<(typeof playerAdminHandlers)["listMatches"]>[1],
): ReturnType<typeof match.listMatches> {
  const page = { pageSize: must(limit, DEFAULTED), cursor };
  if (playerId === undefined)
    return match.listMatches({ state: matchStates.valueOf(state ?? "running"), mode: mode ?? "", ...page });
  if (state !== undefined || mode !== undefined) throw commonError("invalid_request", NOT_TOGETHER);
  return match.listMatches({ playerId, ...page });
}

function accountJson({ profile, bannedUntil, bannedForGood, banReason: reason }: Account): Schemas["Account"] {
  if (!bannedUntil) return profileJson(profile);
  return { ...profileJson(profile), ban: { reason, ...(bannedForGood ? {} : { until: isoTime(bannedUntil) }) } };
}
