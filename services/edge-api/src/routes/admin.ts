// For moderators and admins. identity-service decides who may: by the role that it stores, not by the token's.
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { type RoleName, roles } from "@muster/contracts/identity/names";
import { MatchState } from "@muster/contracts/match/v2";
import { must } from "@muster/errors";
import type { Call, Handler } from "./handler.ts";
import { isoTime } from "./times.ts";

const actorOf = ({ caller }: Call): string => must(caller, "secured").playerId;

export const adminHandlers: Readonly<Record<string, Handler>> = {
  async banPlayer(call, { identity }) {
    const { reason, until } = call.body as { reason: string; until?: string };
    await identity.banPlayer({
      actorId: actorOf(call),
      playerId: must(call.params["playerId"], "in the path"),
      reason,
      ...(until === undefined ? {} : { until: timestampFromDate(new Date(until)) }),
    });
    return { status: 204 };
  },

  async unbanPlayer(call, { identity }) {
    const { reason } = call.body as { reason: string };
    await identity.unbanPlayer({
      actorId: actorOf(call),
      playerId: must(call.params["playerId"], "in the path"),
      reason,
    });
    return { status: 204 };
  },

  async setRole(call, { identity }) {
    const { role, reason } = call.body as { role: RoleName; reason: string };
    await identity.setRole({
      actorId: actorOf(call),
      playerId: must(call.params["playerId"], "in the path"),
      role: roles.valueOf(role),
      reason,
    });
    return { status: 204 };
  },

  async listAuditLog(call, { identity }) {
    const { before = 0, limit } = call.query as { before?: number; limit: number };
    const { entries } = await identity.listAuditLog({
      actorId: actorOf(call),
      before: BigInt(before),
      pageSize: limit,
    });
    return {
      status: 200,
      body: {
        entries: entries.map(({ position, at, actor, action, target, reason, traceId, hash }) => ({
          position: Number(position),
          at: isoTime(at),
          actor,
          action,
          target,
          reason,
          traceId,
          hash,
        })),
      },
    };
  },

  async listSigningKeys(call, { identity }) {
    const { keys } = await identity.listSigningKeys({ actorId: actorOf(call) });
    return {
      status: 200,
      body: { keys: keys.map(({ kid, state, since }) => ({ kid, state, since: isoTime(since) })) },
    };
  },

  async rotateSigningKey(call, { identity }) {
    const { reason } = call.body as { reason: string };
    const { kid } = await identity.rotateSigningKey({ actorId: actorOf(call), reason });
    return { status: 200, body: { kid } };
  },

  async revokeSigningKey(call, { identity }) {
    const { reason } = call.body as { reason: string };
    await identity.revokeSigningKey({ actorId: actorOf(call), kid: must(call.params["kid"], "in the path"), reason });
    return { status: 204 };
  },

  // Whoever may not is told so first, whatever the match is; and only what is about to happen is written down.
  async cancelMatch(call, { identity, match }) {
    const { reason } = call.body as { reason: string };
    const matchId = must(call.params["matchId"], "in the path");
    const order = { actorId: actorOf(call), matchId, reason };
    await identity.authorizeMatchCancel({ ...order, record: false });
    const { match: found } = await match.getMatch({ matchId });
    if (found?.state === MatchState.RUNNING) await identity.authorizeMatchCancel({ ...order, record: true });
    await match.cancelMatch({ matchId });
    return { status: 204 };
  },
};
