// The games of this shard, as the matchmaker hears of them.
import { descriptionOf, type Game } from "@muster/game-kit";
import type { Logger } from "@muster/log";

/** Of one game, as the contract has it. */
const DESCRIPTION_BYTES_MAX = 32 * 1024;
/** Of all: they travel in one message, of which 256 KiB are taken. */
const DESCRIPTIONS_BYTES_MAX = 192 * 1024;

interface Build {
  readonly gameId: string;
  readonly buildId: string;
  /** Empty for one that is too large: it is played all the same, and its layout cannot be had over REST. */
  readonly descriptionJson: string;
}

export function gameBuilds(games: ReadonlyMap<string, Game>, log: Logger): Build[] {
  let left = DESCRIPTIONS_BYTES_MAX;
  return [...games.values()].map((game) => {
    const [gameId, buildId] = [game.id, game.buildId];
    const descriptionJson = JSON.stringify(descriptionOf(game));
    const bytes = Buffer.byteLength(descriptionJson);
    if (bytes > Math.min(left, DESCRIPTION_BYTES_MAX)) {
      log.warn({ gameId, buildId, bytes }, "the game's layout is too large to be published");
      return { gameId, buildId, descriptionJson: "" };
    }
    left -= bytes;
    return { gameId, buildId, descriptionJson };
  });
}
