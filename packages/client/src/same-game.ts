// Checks that server and client have the same game before the first frame is decoded: frames do not describe their layout.
import type { MatchJoined, Watching } from "@muster/contracts/realtime/v1/client";
import { descriptionOf, type Fields, type Game } from "@muster/game-kit";
import { MusterError } from "./errors.ts";

export interface JoinOptions {
  /**
   * Accepts a match of another build of the game if the layout is the same. Snapshots are still correct; predictions may be
   * corrected more often.
   */
  readonly anyBuild?: boolean;
}

type Served = Pick<MatchJoined | Watching, "gameId" | "buildId" | "layoutHash">;

/** @returns wrong_game, wrong_layout or wrong_build; undefined if the server plays `game`, or does not say what it plays */
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
    return error("wrong_game", `the match plays ${gameId}, but this client was given ${own.gameId}`);
  if (layoutHash !== "" && layoutHash !== own.layoutHash)
    return error(
      "wrong_layout",
      `the state layout of the server's ${gameId} (${buildId}) differs from this client's (${own.buildId})`,
    );
  if (!anyBuild && buildId !== "" && buildId !== own.buildId)
    return error("wrong_build", `the server plays build ${buildId} of ${gameId}, this client has build ${own.buildId}`);
  return undefined;
}
