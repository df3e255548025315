import { randomBytes } from "node:crypto";
import { MusterClient } from "@muster/client";
import { sleep } from "@muster/runtime";
import type { Attack } from "../attack.ts";
import { Attacker } from "../attacker.ts";

const ATTACKERS = 6;
/** Of the account, before each further guess costs a proof of work: IDENTITY_LOGIN_FREE_PER_ACCOUNT. */
const FREE = 5;

/** What a look-up or a form may swallow, fold or pad with. */
const SPELLINGS: readonly ((name: string, number: number) => string)[] = [
  (name, number) => name + " ".repeat(1 + (number % 8)),
  (name, number) => " ".repeat(1 + (number % 8)) + name,
  (name) => name.toUpperCase(),
  (name) => `${name}\t`,
  (name) => `${name}\u00a0`,
  (name) => name.replaceAll(/[!-~]/g, (sign) => String.fromCodePoint((sign.codePointAt(0) as number) + 0xfee0)), // full width
  (name, number) => flipCase(name, number),
];

/** Guesses at one account under as many spellings of its name as it finds, from several addresses. */
export const nameSpellings: Attack = {
  name: "name-spellings",
  takes: "guesses one account's password under many spellings of its name, to get new attempts with each",
  honest: "log-in",
  shareMin: 1,
  worstMsMax: 3000,
  landed: ["checked", "challenged"],
  async prepare(target) {
    const name = `victim-${randomBytes(5).toString("hex")}`;
    await new MusterClient({ url: target.url }).register({ name, password: randomBytes(12).toString("base64url") });
    const attackers = Array.from({ length: ATTACKERS }, (_, i) => new Attacker(target, 80 + i));
    return async (signal) => {
      const counts = { checked: 0, challenged: 0, other: 0 };
      let number = 0;
      const guess = async (attacker: Attacker): Promise<void> => {
        while (!signal.aborted) {
          number++;
          const spelling = SPELLINGS[number % SPELLINGS.length] as (typeof SPELLINGS)[number];
          const body = { name: spelling(name, number), password: "not the password" };
          const { status } = await attacker.rest("POST", "/v1/auth/login", { body });
          counts[status === 401 ? "checked" : status === 429 ? "challenged" : "other"]++;
          await sleep(20, signal);
        }
      };
      await Promise.all(attackers.map(guess));
      for (const attacker of attackers) attacker.close();
      return counts;
    };
  },
  broken: ({ checked = 0 }) =>
    checked > FREE
      ? `${checked} passwords of one account were checked without a proof of work; ${FREE} are free`
      : undefined,
};

/** Another one for each number. */
function flipCase(name: string, number: number): string {
  return Array.from(name, (letter, i) => ((number >> (i % 16)) & 1 ? letter.toUpperCase() : letter)).join("");
}
