// Where each operation of an operator is in the REST contract, and whether the signed-in account's role may call it. Both come from the
// contract: an operation without a route here, or with another one than the contract's, does not compile.
import { OPERATOR_OPERATIONS, type OperatorOperationId } from "@muster/contracts/operations";
import type { operations, paths } from "@muster/contracts/openapi/edge/v1";
import { player } from "../session/session.ts";

type Method = "get" | "put" | "post";
/** The methods and paths under which the contract has the operation. */
type RouteOf<O extends OperatorOperationId> = {
  [P in keyof paths]: {
    [M in Method]: paths[P][M] extends operations[O] ? readonly [Uppercase<M>, P] : never;
  }[Method];
}[keyof paths];

export const ADMIN_ROUTES: { readonly [O in OperatorOperationId]: RouteOf<O> } = {
  getSystem: ["GET", "/v1/admin/system"],
  findAccounts: ["GET", "/v1/admin/players"],
  getAccount: ["GET", "/v1/admin/players/{playerId}"],
  listPlayerDevices: ["GET", "/v1/admin/players/{playerId}/devices"],
  revokePlayerDevice: ["POST", "/v1/admin/players/{playerId}/devices/{deviceId}/revoke"],
  revokePlayerDevices: ["POST", "/v1/admin/players/{playerId}/devices/revoke-all"],
  banPlayer: ["PUT", "/v1/admin/players/{playerId}/ban"],
  unbanPlayer: ["POST", "/v1/admin/players/{playerId}/unban"],
  listPlayerMutes: ["GET", "/v1/admin/players/{playerId}/mutes"],
  mutePlayer: ["PUT", "/v1/admin/players/{playerId}/mute"],
  unmutePlayer: ["POST", "/v1/admin/players/{playerId}/unmute"],
  setRole: ["PUT", "/v1/admin/players/{playerId}/role"],
  listAuditLog: ["GET", "/v1/admin/audit-log"],
  listModerationLog: ["GET", "/v1/admin/moderation-log"],
  findRooms: ["GET", "/v1/admin/rooms"],
  listSigningKeys: ["GET", "/v1/admin/signing-keys"],
  rotateSigningKey: ["POST", "/v1/admin/signing-keys/rotate"],
  revokeSigningKey: ["POST", "/v1/admin/signing-keys/{kid}/revoke"],
  listMatches: ["GET", "/v1/admin/matches"],
  cancelMatch: ["POST", "/v1/admin/matches/{matchId}/cancel"],
  listSuspectMatches: ["GET", "/v1/admin/suspect-matches"],
  decideSuspectMatch: ["PUT", "/v1/admin/suspect-matches/{matchId}/decision"],
  listReports: ["GET", "/v1/admin/reports"],
  decideReport: ["PUT", "/v1/admin/reports/{reportId}/decision"],
  listQueues: ["GET", "/v1/admin/queues"],
  listTickets: ["GET", "/v1/admin/queues/{mode}/tickets"],
  removeTicket: ["POST", "/v1/admin/queues/tickets/{ticketId}/remove"],
  drainShard: ["POST", "/v1/admin/shards/{shardId}/drain"],
  undrainShard: ["POST", "/v1/admin/shards/{shardId}/undrain"],
  drainGateway: ["POST", "/v1/admin/gateways/{gatewayId}/drain"],
  getEventDelivery: ["GET", "/v1/admin/events"],
  listDeadLetters: ["GET", "/v1/admin/consumers/{consumer}/dead-letters"],
  getDeadLetter: ["GET", "/v1/admin/consumers/{consumer}/dead-letters/{offset}"],
  replayDeadLetters: ["POST", "/v1/admin/consumers/{consumer}/dead-letters/replay"],
  discardDeadLetters: ["POST", "/v1/admin/consumers/{consumer}/dead-letters/discard"],
  undrainGateway: ["POST", "/v1/admin/gateways/{gatewayId}/undrain"],
};

const RANKS = { player: 0, moderator: 1, admin: 2 } as const;
export type Role = keyof typeof RANKS;

function ownRank(): number {
  return player.value ? RANKS[player.value.role] : 0;
}

export function isOperator(): boolean {
  return ownRank() > RANKS.player;
}

/** Whether the signed-in account's role may. The server decides; this decides what is shown. */
export function may(operation: OperatorOperationId): boolean {
  return ownRank() >= RANKS[OPERATOR_OPERATIONS[operation].role];
}

/** Bans, mutes in all channels, and the ends of others' sessions are only of accounts with a lower role. */
export function outranks(role: Role): boolean {
  return ownRank() > RANKS[role];
}
