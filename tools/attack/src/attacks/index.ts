import type { Attack } from "../attack.ts";
import { controlFloods } from "./control-floods.ts";
import { frameFloods } from "./frame-floods.ts";
import { silentUpgrades } from "./silent-upgrades.ts";
import { wrongPasswords } from "./wrong-passwords.ts";

/** In the order in which they are run. */
export const ATTACKS: readonly Attack[] = [wrongPasswords, ...controlFloods, ...frameFloods, silentUpgrades];
