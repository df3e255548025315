// How critical each route is, and which service it needs most. The caller has no say in it.
import type { Criticality } from "@muster/runtime";
import type { OperationId } from "./routes/handler.ts";

/**
 * Each has a limit of its own, so that a service that has become slow costs only what needs it. `hashing`: identity-service's bulkheads for
 * passwords, which have queues that are fair to addresses; here their number is only bounded.
 */
export const NEEDS = ["identity", "hashing", "match", "matchmaker", "chat", "rating", "replay", "delivery"] as const;
export type Need = (typeof NEEDS)[number];

interface Rule {
  readonly criticality: Criticality;
  /** Absent: it is answered here. */
  readonly needs?: Need;
}

function rule(criticality: Criticality, needs?: Need): Rule {
  return { criticality, ...(needs && { needs }) };
}

export const ROUTES: Readonly<Record<OperationId, Rule>> = {
  // Sessions: without them nobody plays. Who has an account comes before who makes one.
  refresh: rule("critical-plus", "identity"),
  getJwks: rule("critical-plus", "identity"),
  logOut: rule("critical", "identity"),
  logIn: rule("critical", "hashing"),
  logInGuest: rule("critical", "identity"),
  register: rule("sheddable-plus", "hashing"),
  upgradeGuest: rule("sheddable-plus", "hashing"),
  changePassword: rule("critical", "hashing"),
  getMe: rule("critical", "identity"),
  listDevices: rule("sheddable-plus", "identity"),
  revokeDevice: rule("critical", "identity"),
  revokeOtherDevices: rule("critical", "identity"),

  // What a client asks before and after a match.
  listModes: rule("critical", "matchmaker"),
  getGame: rule("critical", "matchmaker"),
  getMatch: rule("critical", "match"),
  getInstallation: rule("critical"),

  // Chat: what is said and done, before what is looked up.
  listChannels: rule("critical", "chat"),
  openDirectChannel: rule("critical", "chat"),
  openMatchChannel: rule("critical", "chat"),
  createRoom: rule("critical", "chat"),
  joinRoom: rule("critical", "chat"),
  listMembers: rule("sheddable-plus", "chat"),
  addMember: rule("critical", "chat"),
  removeMember: rule("critical", "chat"),
  listInvitations: rule("sheddable-plus", "chat"),
  declineInvitation: rule("critical", "chat"),
  acceptInvitation: rule("critical", "chat"),
  hideChannel: rule("sheddable-plus", "chat"),
  showChannel: rule("sheddable-plus", "chat"),
  listMessages: rule("critical", "chat"),
  postMessage: rule("critical", "chat"),
  editMessage: rule("critical", "chat"),
  deleteMessage: rule("critical", "chat"),
  markRead: rule("sheddable-plus", "chat"),
  muteInChannel: rule("critical", "chat"),
  unmuteInChannel: rule("critical", "chat"),
  muteEverywhere: rule("critical", "chat"),
  unmuteEverywhere: rule("critical", "chat"),
  listBlocked: rule("sheddable-plus", "chat"),
  blockPlayer: rule("critical", "chat"),
  unblockPlayer: rule("critical", "chat"),

  // What players look at.
  findPlayer: rule("sheddable-plus", "identity"),
  getPlayer: rule("sheddable-plus", "identity"),
  listMyMatches: rule("sheddable-plus", "match"),
  listPlayerMatches: rule("sheddable-plus", "match"),
  listLiveMatches: rule("sheddable-plus", "match"),
  listMyReplays: rule("sheddable-plus", "replay"),
  listPlayerReplays: rule("sheddable-plus", "replay"),
  getReplay: rule("sheddable-plus", "replay"),
  getReplayFile: rule("sheddable-plus", "replay"),
  listSeasons: rule("sheddable-plus", "rating"),
  listLeaderboard: rule("sheddable-plus", "rating"),
  getMyRank: rule("sheddable-plus", "rating"),
  getPlayerRank: rule("sheddable-plus", "rating"),
  listMyRatings: rule("sheddable-plus", "rating"),
  listPlayerRatings: rule("sheddable-plus", "rating"),
  listMyRatingHistory: rule("sheddable-plus", "rating"),
  listPlayerRatingHistory: rule("sheddable-plus", "rating"),
  reportPlayer: rule("sheddable-plus", "identity"),
  reportMessage: rule("sheddable-plus", "chat"),

  // What an operator does about trouble has to work while there is trouble.
  banPlayer: rule("critical", "identity"),
  unbanPlayer: rule("critical", "identity"),
  setRole: rule("critical", "identity"),
  rotateSigningKey: rule("critical", "identity"),
  revokeSigningKey: rule("critical", "identity"),
  revokePlayerDevices: rule("critical", "identity"),
  revokePlayerDevice: rule("critical", "identity"),
  mutePlayer: rule("critical", "chat"),
  unmutePlayer: rule("critical", "chat"),
  cancelMatch: rule("critical", "match"),
  getSystem: rule("critical", "matchmaker"),
  removeTicket: rule("critical", "matchmaker"),
  drainShard: rule("critical", "matchmaker"),
  undrainShard: rule("critical", "matchmaker"),
  drainGateway: rule("critical", "matchmaker"),
  undrainGateway: rule("critical", "matchmaker"),

  // What an operator looks at or works through can wait.
  listAuditLog: rule("sheddable", "identity"),
  listSigningKeys: rule("sheddable", "identity"),
  findAccounts: rule("sheddable", "identity"),
  getAccount: rule("sheddable", "identity"),
  listPlayerDevices: rule("sheddable", "identity"),
  listReports: rule("sheddable", "identity"),
  decideReport: rule("sheddable", "identity"),
  listModerationLog: rule("sheddable", "chat"),
  listPlayerMutes: rule("sheddable", "chat"),
  findRooms: rule("sheddable", "chat"),
  listQueues: rule("sheddable", "matchmaker"),
  listTickets: rule("sheddable", "matchmaker"),
  listMatches: rule("sheddable", "match"),
  listSuspectMatches: rule("sheddable", "replay"),
  decideSuspectMatch: rule("sheddable", "replay"),
  getEventDelivery: rule("sheddable", "delivery"),
  listDeadLetters: rule("sheddable", "delivery"),
  getDeadLetter: rule("sheddable", "delivery"),
  replayDeadLetters: rule("sheddable", "delivery"),
  discardDeadLetters: rule("sheddable", "delivery"),
};
