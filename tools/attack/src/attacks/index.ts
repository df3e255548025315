import type { Attack } from "../attack.ts";
import { wrongPasswords } from "./wrong-passwords.ts";

/** In the order in which they are run. */
export const ATTACKS: readonly Attack[] = [wrongPasswords];
