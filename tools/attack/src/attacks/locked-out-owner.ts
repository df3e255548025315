import { randomBytes } from "node:crypto";
import { MusterClient } from "@muster/client";
import { sleep } from "@muster/runtime";
import type { Attack } from "../attack.ts";
import { Attacker } from "../attacker.ts";

const GUESSERS = 6;
const OWNER_WITHIN_MS = 15_000;

/** Unknown devices fail at one account on purpose, so that its owner, on a new device, finds it locked. */
export const lockedOutOwner: Attack = {
  name: "locked-out-owner",
  takes: "fails at one account from many addresses, so that its owner cannot log in on a new device",
  honest: "log-in",
  shareMin: 1,
  worstMsMax: 3000,
  landed: ["failed"],
  async prepare(target) {
    const credentials = {
      name: `owner-${randomBytes(5).toString("hex")}`,
      password: randomBytes(12).toString("base64url"),
    };
    await new MusterClient({ url: target.url }).register(credentials);
    const guessers = Array.from({ length: GUESSERS }, (_, i) => new Attacker(target, 20 + i));
    const fail = (guesser: Attacker): ReturnType<Attacker["rest"]> =>
      guesser.rest("POST", "/v1/auth/login", { body: { name: credentials.name, password: "not the password" } });
    return async (signal) => {
      const counts = { failed: 0, other: 0, "owner came in": 0, "owner kept out": 0 };
      const strike = async (guesser: Attacker): Promise<void> => {
        while (!signal.aborted) {
          const { status } = await fail(guesser);
          counts[status === 401 || status === 429 ? "failed" : "other"]++;
          await sleep(20, signal);
        }
      };
      const comeIn = async (): Promise<void> => {
        await sleep(500, signal); // the guessers are ahead
        const late = sleep(OWNER_WITHIN_MS).then(() => Promise.reject(new Error("too late")));
        await Promise.race([new MusterClient({ url: target.url }).logIn(credentials), late]).then(
          () => counts["owner came in"]++,
          () => counts["owner kept out"]++,
        );
      };
      await Promise.all([...guessers.map(strike), comeIn()]);
      for (const guesser of guessers) guesser.close();
      return counts;
    };
  },
  broken: (counts) => (counts["owner came in"] === 1 ? undefined : "the owner could not log in on a new device"),
};
