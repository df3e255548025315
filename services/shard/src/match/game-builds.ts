// Describes this shard's games to the matchmaker.
import { descriptionOf, type Game } from "@muster/game-kit";
import type { Logger } from "@muster/log";

/** For one game: the contract's limit. */
const DESCRIPTION_BYTES_MAX = 32 * 1024;
/** For all games: they travel in one message, which may have 256 KiB. */
const DESCRIPTIONS_BYTES_MAX = 192 * 1024;

interface Build {
  readonly gameId: string;
  readonly buildId: string;
  /** Empty if it is too large: the game can still be played, but REST does not publish its layout. */
  readonly descriptionJson: string;
}

export function gameBuilds(games: ReadonlyMap<string, Game>, log: Logger): Build[] {
  let left = DESCRIPTIONS_BYTES_MAX;
  return [...games.values()].map((game) => {
    const [gameId, buildId] = [game.id, game.buildId];
    const descriptionJson = JSON.stringify(descriptionOf(game));
    const bytes = Buffer.byteLength(descriptionJson);
    if (bytes > Math.min(left, DESCRIPTION_BYTES_MAX)) {
      log.warn({ gameId, buildId, bytes }, "the game's description is too large to be published");
      return { gameId, buildId, descriptionJson: "" };
    }
    left -= bytes;
    return { gameId, buildId, descriptionJson };
  });
}
