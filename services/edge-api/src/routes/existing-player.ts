import type { Clients } from "./handler.ts";

/** Only identity-service knows whether there is such a player: without asking, an unknown one would have an empty list. */
export async function ofExisting<T>(
  playerId: string,
  { identity }: Pick<Clients, "identity">,
  read: (playerId: string) => Promise<T>,
): Promise<T> {
  const [, answer] = await Promise.all([identity.getProfile({ playerId }), read(playerId)]);
  return answer;
}
