// Bits do not say what they are: before the first frame is read, both sides must mean the same game.
import type { MatchJoined, Watching } from "@muster/contracts/realtime/v1/client";
import { descriptionOf, type Fields, type Game } from "@muster/game-kit";
import { MusterError } from "./errors.ts";

export interface JoinOptions {
  /**
   * Takes a match that is played by another build of the game, as long as its layout is the same. What is shown is right all the
   * same; what is predicted may be corrected more often.
   */
  readonly anyBuild?: boolean;
}

type Served = Pick<MatchJoined | Watching, "gameId" | "buildId" | "layoutHash">;

/** @returns wrong_game, wrong_layout or wrong_build; undefined when `game` is what the server plays. A server that does not say is believed. */
export function differenceTo<S extends Fields, I extends Fields>(
  { gameId, buildId, layoutHash }: Served,
  game: Game<S, I>,
  { anyBuild = false }: JoinOptions = {},
): MusterError | undefined {
  const own = descriptionOf(game as unknown as Game);
  const details = {
    server: { gameId, buildId, layoutHash },
    client: { gameId: own.gameId, buildId: own.buildId, layoutHash: own.layoutHash },
  };
  const error = (code: string, text: string): MusterError => new MusterError(code, text, { details });
  if (gameId !== "" && gameId !== own.gameId)
    return error("wrong_game", `the match is of the game ${gameId}, and was to be read as ${own.gameId}`);
  if (layoutHash !== "" && layoutHash !== own.layoutHash)
    return error("wrong_layout", `the server's ${gameId} (${buildId}) has other fields than this one (${own.buildId})`);
  if (!anyBuild && buildId !== "" && buildId !== own.buildId)
    return error("wrong_build", `the server plays ${gameId} by the build ${buildId}, and this is ${own.buildId}`);
  return undefined;
}
