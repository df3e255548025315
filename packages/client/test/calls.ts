// Every call of the SDK that asks the server by REST.
import type { MusterClient } from "../src/client.ts";
import type { Tokens } from "../src/rest.ts";

export const ID = "018f2f5e-7f3a-7000-8000-000000000001";
export const TOKENS: Tokens = {
  accessToken: "access",
  accessExpiresAt: "2999-01-01T00:00:00.000Z",
  refreshToken: "refresh-token-secret",
  refreshExpiresAt: "2999-01-01T00:00:00.000Z",
};
export const CREDENTIALS = { name: "ann", password: "correct horse battery" };

export type Call = (client: MusterClient) => Promise<unknown>;

/** Every method that asks the server by REST. */
export const CALLS: Readonly<Record<string, Call>> = {
  upgradeGuest: (client) => client.upgradeGuest(CREDENTIALS),
  liveMatches: (client) => client.liveMatches({ mode: "duel" }),
  register: (client) => client.register(CREDENTIALS),
  logIn: (client) => client.logIn(CREDENTIALS),
  logInGuest: (client) => client.logInGuest("device-key-0123456789"),
  logOut: (client) => client.logOut(),
  devices: (client) => client.devices(),
  revokeDevice: (client) => client.revokeDevice(ID),
  revokeOtherDevices: (client) => client.revokeOtherDevices(),
  changePassword: (client) => client.changePassword({ currentPassword: "a", newPassword: "b" }),
  me: (client) => client.me(),
  player: (client) => client.player(ID),
  findPlayer: (client) => client.findPlayer("ann"),
  match: (client) => client.match(ID),
  history: (client) => client.history({ limit: 1 }),
  modes: (client) => client.modes(),
  reportPlayer: (client) => client.reportPlayer(ID, { category: "cheating", matchId: ID }),
  reportMessage: (client) => client.reportMessage({ channelId: ID, seq: 1 }, { category: "spam" }),
  accessToken: (client) => client.accessToken(true),
  refresh: (client) => client.refresh(),
  "ratings.seasons": ({ ratings }) => ratings.seasons(),
  "ratings.leaderboard": ({ ratings }) => ratings.leaderboard("duel", { limit: 1 }),
  "ratings.rank": ({ ratings }) => ratings.rank("duel"),
  "ratings.of": ({ ratings }) => ratings.of({ playerId: ID }),
  "ratings.history": ({ ratings }) => ratings.history("duel", { limit: 1 }),
  "replays.list": ({ replays }) => replays.list({ limit: 1 }),
  "replays.of": ({ replays }) => replays.of(ID),
  "replays.download": ({ replays }) => replays.download(ID),
  "chat.channels": ({ chat }) => chat.channels(),
  "chat.channelPage": ({ chat }) => chat.channelPage({ limit: 1 }),
  "chat.hide": ({ chat }) => chat.hide(ID),
  "chat.show": ({ chat }) => chat.show(ID),
  "chat.direct": ({ chat }) => chat.direct(ID),
  "chat.match": ({ chat }) => chat.match(ID),
  "chat.createRoom": ({ chat }) => chat.createRoom("race fans"),
  "chat.joinRoom": ({ chat }) => chat.joinRoom("race fans"),
  "chat.invite": ({ chat }) => chat.invite(ID, ID),
  "chat.addMember": ({ chat }) => chat.addMember(ID, ID),
  "chat.invitations": ({ chat }) => chat.invitations(),
  "chat.acceptInvitation": ({ chat }) => chat.acceptInvitation(ID),
  "chat.declineInvitation": ({ chat }) => chat.declineInvitation(ID),
  "chat.removeMember": ({ chat }) => chat.removeMember(ID, ID),
  "chat.hideDirect": ({ chat }) => chat.hideDirect(ID, ID),
  "chat.post": ({ chat }) => chat.post(ID, "hello"),
  "chat.edit": ({ chat }) => chat.edit(ID, 1, "hello"),
  "chat.delete": ({ chat }) => chat.delete(ID, 1),
  "chat.history": ({ chat }) => chat.history(ID, { limit: 1 }),
  "chat.markRead": ({ chat }) => chat.markRead(ID, 1),
  "chat.members": ({ chat }) => chat.members(ID, { limit: 1 }),
  "chat.mute": ({ chat }) => chat.mute(ID, ID, { seconds: 60, reason: "enough" }),
  "chat.unmute": ({ chat }) => chat.unmute(ID, ID),
  "chat.blocked": ({ chat }) => chat.blocked(),
  "chat.block": ({ chat }) => chat.block(ID),
  "chat.unblock": ({ chat }) => chat.unblock(ID),
};
