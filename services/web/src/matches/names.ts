// What modes and players are called.
import { client } from "../session/session.ts";
import { text } from "../text/index.ts";

export function modeName(mode: string): string {
  return text.value.play.modes[mode]?.[0] ?? mode;
}

export function seatName({ name, bot }: { readonly name: string; readonly bot?: string | undefined }): string {
  return bot ? text.value.matches.bot(bot) : name;
}

const known = new Map<string, Promise<string | undefined>>();

/** Asked for once; undefined if it cannot be had now. */
export function playerName(playerId: string): Promise<string | undefined> {
  let name = known.get(playerId);
  if (!name) {
    name = client.player(playerId).then(
      (found) => found.name,
      () => {
        known.delete(playerId);
        return undefined;
      },
    );
    known.set(playerId, name);
  }
  return name;
}
