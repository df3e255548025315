import { randomBytes } from "node:crypto";
import { sleep } from "@muster/runtime";
import type { Attack } from "../attack.ts";
import { Attacker, isLimited } from "../attacker.ts";

const AT_ONCE = 48;
const ADDRESSES = 8;

/** Each costs the server a password hash. */
export const registrations: Attack = {
  name: "registrations",
  takes: "repeatedly registers 48 accounts at once, so that no log-in is processed",
  honest: "log-in",
  shareMin: 0.95,
  worstMsMax: 4000,
  landed: ["made", "refused"],
  async prepare(target) {
    const attackers = Array.from({ length: ADDRESSES }, (_, i) => new Attacker(target, 40 + i));
    return async (signal) => {
      const counts = { made: 0, refused: 0, other: 0 };
      const register = async (attacker: Attacker): Promise<void> => {
        while (!signal.aborted) {
          const body = { name: `flood-${randomBytes(6).toString("hex")}`, password: randomBytes(12).toString("hex") };
          const answer = await attacker.rest("POST", "/v1/auth/register", { body });
          counts[answer.status === 201 ? "made" : isLimited(answer) ? "refused" : "other"]++;
          if (answer.status !== 201) await sleep(50, signal);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => register(attackers[i % ADDRESSES] as Attacker)));
      for (const attacker of attackers) attacker.close();
      return counts;
    };
  },
};
