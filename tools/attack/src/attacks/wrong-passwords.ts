import { sleep } from "@muster/runtime";
import type { Attack } from "../attack.ts";
import { Attacker, isLimited } from "../attacker.ts";

const AT_ONCE = 8;

/** From one address, at many names, with an address of the attacker's choice in the header. */
export const wrongPasswords: Attack = {
  name: "wrong-passwords",
  takes: "guesses passwords from one address, with a different forged address in every request",
  honest: "log-in",
  shareMin: 1,
  worstMsMax: 3000,
  landed: ["checked", "throttled"],
  async prepare(target) {
    const attacker = new Attacker(target, 1);
    return async (signal) => {
      const counts = { checked: 0, throttled: 0, other: 0 };
      let number = 0;
      const guess = async (): Promise<void> => {
        while (!signal.aborted) {
          number++;
          const answer = await attacker.rest("POST", "/v1/auth/login", {
            body: { name: `victim-${number % 500}`, password: "not the password" },
            headers: { "x-forwarded-for": `198.51.100.${number % 250}` },
          });
          counts[answer.status === 401 ? "checked" : isLimited(answer) ? "throttled" : "other"]++;
          if (answer.status === 429) await sleep(20, signal);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, guess));
      attacker.close();
      return counts;
    };
  },
  broken: ({ checked = 0 }) =>
    checked > 60 ? `${checked} passwords of one address were checked; its limit is 50` : undefined,
};
