// What moderators and admins may do over REST, and what of it is audited. Everything that has to agree with this table reads it: identity-service
// refuses by it, edge-api's routes ask by it, and tests compare the REST contract with it and try every route as every role.
import type { RoleName } from "./identity.ts";

export interface OperatorOperation {
  /** The least role that may. */
  readonly role: Exclude<RoleName, "player">;
  /** The action in identity-service's audit log. Absent: it changes nothing, and leaves no entry. */
  readonly audit?: string;
  /** Its target is a player, whose role has to be lower than that of whoever does it. */
  readonly onLowerRoles?: true;
}

/** By operationId of contracts/openapi/edge.v1.yaml. `…_ordered`: written before another service does it. */
export const OPERATOR_OPERATIONS = {
  getSystem: { role: "moderator" },
  findAccounts: { role: "moderator" },
  getAccount: { role: "moderator" },
  listPlayerDevices: { role: "moderator" },
  revokePlayerDevice: { role: "moderator", audit: "player_device_revoked" },
  revokePlayerDevices: { role: "moderator", audit: "player_devices_revoked" },
  banPlayer: { role: "moderator", audit: "player_banned" },
  unbanPlayer: { role: "moderator", audit: "player_unbanned" },
  listPlayerMutes: { role: "moderator" },
  mutePlayer: { role: "moderator", audit: "player_mute_ordered", onLowerRoles: true },
  unmutePlayer: { role: "moderator", audit: "player_unmute_ordered", onLowerRoles: true },
  setRole: { role: "admin", audit: "role_set" },
  listAuditLog: { role: "admin" },
  listModerationLog: { role: "admin" },
  findRooms: { role: "moderator" },
  listSigningKeys: { role: "admin" },
  rotateSigningKey: { role: "admin", audit: "key_rotated" },
  revokeSigningKey: { role: "admin", audit: "key_revoked" },
  listMatches: { role: "moderator" },
  listSuspectMatches: { role: "moderator" },
  decideSuspectMatch: { role: "moderator", audit: "suspect_decision_ordered" },
  listReports: { role: "moderator" },
  decideReport: { role: "moderator", audit: "report_decided" },
  listQueues: { role: "moderator" },
  listTickets: { role: "moderator" },
  removeTicket: { role: "moderator", audit: "ticket_remove_ordered" },
  drainShard: { role: "admin", audit: "shard_drain_ordered" },
  undrainShard: { role: "admin", audit: "shard_undrain_ordered" },
  drainGateway: { role: "admin", audit: "gateway_drain_ordered" },
  undrainGateway: { role: "admin", audit: "gateway_undrain_ordered" },
  cancelMatch: { role: "moderator", audit: "match_cancel_ordered" },
  getEventDelivery: { role: "admin" },
  listDeadLetters: { role: "admin" },
  getDeadLetter: { role: "admin" },
  replayDeadLetters: { role: "admin", audit: "dead_letters_replay_ordered" },
  discardDeadLetters: { role: "admin", audit: "dead_letters_discard_ordered" },
} as const satisfies Readonly<Record<string, OperatorOperation>>;

export type OperatorOperationId = keyof typeof OPERATOR_OPERATIONS;
type Audited<Row> = Row extends { readonly audit: infer Action } ? Action : never;
export type OperatorAction = Audited<(typeof OPERATOR_OPERATIONS)[OperatorOperationId]>;

export function operatorOperation(id: string): OperatorOperation | undefined {
  return Object.hasOwn(OPERATOR_OPERATIONS, id) ? OPERATOR_OPERATIONS[id as OperatorOperationId] : undefined;
}
