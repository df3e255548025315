// Routes for moderators and admins. identity-service decides who may use them, by the role that it stores, not by the role in
// the token.
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ModerationEntry } from "@muster/contracts/chat/v2";
import { roles } from "@muster/contracts/identity/names";
import type { AuditEntry } from "@muster/contracts/identity/v2";
import { MatchState } from "@muster/contracts/match/v2";
import { errorsOf, must } from "@muster/errors";
import type { Handlers, Schemas } from "./handler.ts";
import { actorOf } from "./operator.ts";
import { isoTime } from "./times.ts";

type AdminOperations =
  | "banPlayer"
  | "unbanPlayer"
  | "setRole"
  | "listAuditLog"
  | "listSigningKeys"
  | "rotateSigningKey"
  | "revokeSigningKey"
  | "cancelMatch";

/** identity-service says them in the contract's words. */
type KeyState = Schemas["SigningKeyList"]["keys"][number]["state"];

const fail = errorsOf({
  not_allowed: { grpc: "permission_denied", retryable: false, message: "Nobody cancels a match of their own." },
});

export const adminHandlers: Handlers<AdminOperations> = {
  async banPlayer(call, { identity }) {
    const { reason, until } = call.body;
    await identity.banPlayer({
      actorId: actorOf(call),
      playerId: call.params.playerId,
      reason,
      ...(until === undefined ? {} : { until: timestampFromDate(new Date(until)) }),
    });
    return { status: 204 };
  },

  async unbanPlayer(call, { identity }) {
    const { reason } = call.body;
    await identity.unbanPlayer({
      actorId: actorOf(call),
      playerId: call.params.playerId,
      reason,
    });
    return { status: 204 };
  },

  async setRole(call, { identity }) {
    const { role, reason } = call.body;
    await identity.setRole({
      actorId: actorOf(call),
      playerId: call.params.playerId,
      role: roles.valueOf(role),
      reason,
    });
    return { status: 204 };
  },

  async listAuditLog(call, { identity }) {
    const { before = 0, limit } = call.query;
    const { entries } = await identity.listAuditLog({
      actorId: actorOf(call),
      before: BigInt(before),
      pageSize: must(limit, "it has a default"),
    });
    return {
      status: 200,
      body: {
        entries: entries.map(auditEntryJson),
      },
    };
  },

  async listSigningKeys(call, { identity }) {
    const { keys } = await identity.listSigningKeys({ actorId: actorOf(call) });
    return {
      status: 200,
      body: { keys: keys.map(({ kid, state, since }) => ({ kid, state: state as KeyState, since: isoTime(since) })) },
    };
  },

  async rotateSigningKey(call, { identity }) {
    const { reason } = call.body;
    const { kid } = await identity.rotateSigningKey({ actorId: actorOf(call), reason });
    return { status: 200, body: { kid } };
  },

  async revokeSigningKey(call, { identity }) {
    const { reason } = call.body;
    await identity.revokeSigningKey({ actorId: actorOf(call), kid: call.params.kid, reason });
    return { status: 204 };
  },

  // The permission is checked first, whatever the match is, and only actions that will happen are recorded.
  async cancelMatch(call, { identity, match }) {
    const { reason } = call.body;
    const matchId = call.params.matchId;
    const order = { actorId: actorOf(call), matchId, reason };
    await identity.authorizeMatchCancel({ ...order, record: false });
    const { match: found } = await match.getMatch({ matchId });
    if (found?.participants.some(({ playerId }) => playerId === order.actorId)) throw fail("not_allowed");
    if (found?.state === MatchState.RUNNING) await identity.authorizeMatchCancel({ ...order, record: true });
    await match.cancelMatch({ matchId });
    return { status: 204 };
  },
};

export function auditEntryJson(entry: AuditEntry | ModerationEntry): Schemas["AuditPage"]["entries"][number] {
  const { position, at, actor, action, target, reason, traceId, hash } = entry;
  return { position: Number(position), at: isoTime(at), actor, action, target, reason, traceId, hash };
}
