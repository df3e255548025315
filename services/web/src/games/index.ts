// The games that this page can show, each loaded when it is first needed: those with a board of their own, and every other game of @muster/modes.
import type { GameUi } from "./game-ui.ts";

const BOARDS: Readonly<Record<string, () => Promise<GameUi>>> = {
  duel: () => import("./duel/duel-ui.tsx").then(({ duelUi }) => duelUi as unknown as GameUi),
  four: () => import("./four/four-ui.tsx").then(({ fourUi }) => fourUi as unknown as GameUi),
};

/** @throws MusterError wrong_game for a game that this page does not have */
export async function gameUi(gameId: string): Promise<GameUi> {
  const load = Object.hasOwn(BOARDS, gameId) ? BOARDS[gameId] : undefined;
  return load ? load() : (await import("./generic/generic-ui.tsx")).genericUi(gameId);
}
