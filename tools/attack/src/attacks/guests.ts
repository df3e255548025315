import type { Attack } from "../attack.ts";
import { Attacker } from "../attacker.ts";

const AT_ONCE = 16;
const GUESTS_MAX = 80;

/** Every guest has quotas of its own elsewhere. */
export const guests: Attack = {
  name: "guests",
  takes: "creates guest accounts continuously from one address",
  honest: "rest",
  shareMin: 1,
  worstMsMax: 2000,
  landed: ["made", "refused"],
  async prepare(target) {
    const attacker = new Attacker(target, 60);
    return async (signal) => {
      const counts = { made: 0, refused: 0, other: 0 };
      const make = async (): Promise<void> => {
        while (!signal.aborted) {
          await attacker.guest().then(
            () => counts.made++,
            (err: unknown) => counts[/: 429 /.test(String(err)) ? "refused" : "other"]++,
          );
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, make));
      attacker.close();
      return counts;
    };
  },
  broken: ({ made = 0 }) => (made > GUESTS_MAX ? `${made} guests were made from one address` : undefined),
};
