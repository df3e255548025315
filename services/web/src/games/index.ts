// The games that this page can show, each loaded when it is first needed.
import { MusterError } from "@muster/client";
import type { GameUi } from "./game-ui.ts";

const GAMES: Readonly<Record<string, () => Promise<GameUi>>> = {
  duel: () => import("./duel/duel-ui.tsx").then(({ duelUi }) => duelUi as unknown as GameUi),
  four: () => import("./four/four-ui.tsx").then(({ fourUi }) => fourUi as unknown as GameUi),
};

/** @throws MusterError wrong_game for a game that this page does not have */
export function gameUi(gameId: string): Promise<GameUi> {
  const load = Object.hasOwn(GAMES, gameId) ? GAMES[gameId] : undefined;
  return load?.() ?? Promise.reject(new MusterError("wrong_game", `this page does not have the game ${gameId}`));
}
