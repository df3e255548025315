import type { Attack } from "../attack.ts";
import { brokenFrames } from "./broken-frames.ts";
import { controlFloods } from "./control-floods.ts";
import { directChannels } from "./direct-channels.ts";
import { frameFloods } from "./frame-floods.ts";
import { guests } from "./guests.ts";
import { httpFloods } from "./http-floods.ts";
import { joinAndLeave } from "./join-and-leave.ts";
import { lockedOutOwner } from "./locked-out-owner.ts";
import { nameSpellings } from "./name-spellings.ts";
import { noShowGhosts } from "./no-show-ghosts.ts";
import { practiceFlood } from "./practice-flood.ts";
import { registrations } from "./registrations.ts";
import { silentUpgrades } from "./silent-upgrades.ts";
import { inboxShares, roomInvitations } from "./inbox.ts";
import { wrongPasswords } from "./wrong-passwords.ts";

/** In the order in which they are run. */
export const ATTACKS: readonly Attack[] = [
  wrongPasswords,
  nameSpellings,
  lockedOutOwner,
  registrations,
  guests,
  ...controlFloods,
  ...frameFloods,
  brokenFrames,
  silentUpgrades,
  ...httpFloods,
  directChannels,
  inboxShares,
  roomInvitations,
  noShowGhosts,
  joinAndLeave,
  practiceFlood,
];
