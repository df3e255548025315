import { hasNoAnswer } from "../errors.ts";
import type { Clients } from "./handler.ts";

/** For the question whether there is such a player, which a list can do without: less than players wait for without noticing. */
const CHECK_MS_MAX = 500;

/**
 * Only identity-service knows whether there is such a player: without asking, an unknown one would have an empty list. While it cannot be
 * asked, that is what is answered: its failure costs this check, and not what other services know.
 */
export async function ofExisting<T>(
  playerId: string,
  { identity }: Pick<Clients, "identity">,
  read: (playerId: string) => Promise<T>,
): Promise<T> {
  const [known, answer] = await Promise.allSettled([
    identity.getProfile({ playerId }, { timeoutMs: CHECK_MS_MAX }),
    read(playerId),
  ]);
  if (known.status === "rejected" && !hasNoAnswer(known.reason)) throw known.reason;
  if (answer.status === "rejected") throw answer.reason;
  return answer.value;
}
