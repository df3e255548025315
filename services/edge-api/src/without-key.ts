// The writes of the contract that take no Idempotency-Key, and why. All others have the parameter; a test compares.
import type { OperationId } from "./routes/handler.ts";

const SECRET = "its request or its answer has a password or tokens, of which nothing is kept, not even a hash";
const SAME_AGAIN = "a repeat changes nothing and is answered alike";

export const WITHOUT_KEY: Partial<Readonly<Record<OperationId, string>>> = {
  register: `${SECRET}; a repeat after a lost answer is name_taken, and the player logs in`,
  logIn: `${SECRET}; a repeat opens another session, and the lost one ends by itself`,
  logInGuest: `${SECRET}; the device key finds the same guest again`,
  refresh: `${SECRET}; a repeat returns the same successor`,
  logOut: `${SECRET}; ${SAME_AGAIN}`,
  changePassword: `${SECRET}; a repeat is bad_credentials, and the new password logs in`,
  upgradeGuest: `${SECRET}; a repeat is not_a_guest, and the new name and password log in`,
  postMessage: "its body has a key of its own, which chat-service keeps with the message",
  openDirectChannel: SAME_AGAIN,
  openMatchChannel: SAME_AGAIN,
  createRoom: `${SAME_AGAIN}: who owns the room of that name gets it again`,
  joinRoom: SAME_AGAIN,
  acceptInvitation: SAME_AGAIN,
  declineInvitation: SAME_AGAIN,
  hideChannel: SAME_AGAIN,
  showChannel: SAME_AGAIN,
  markRead: SAME_AGAIN,
  blockPlayer: SAME_AGAIN,
  unblockPlayer: SAME_AGAIN,
};

/**
 * Writes that are carried out without their key while identity-service cannot be asked for it: it has nothing else to do with them, and a repeat
 * leaves what the first one left, at worst with another answer. All other writes need it anyway, or may not be carried out twice.
 */
export const DO_WITHOUT: ReadonlySet<OperationId> = new Set<OperationId>([
  "removeMember",
  "editMessage",
  "deleteMessage",
  "unmuteInChannel",
]);
