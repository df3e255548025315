// The games that a shard can run and the queues that lead to them: a studio adds its own game here.
import { duel } from "@muster/game-duel";
import type { Game, GameOptions } from "@muster/game-kit";

export interface Mode {
  readonly game: string;
  /** Players per match. */
  readonly seats: number;
  readonly options: GameOptions;
}

const ALL: readonly Game[] = [duel as unknown as Game];

/** By game id. */
export const GAMES: ReadonlyMap<string, Game> = new Map(ALL.map((game) => [game.id, game]));

/** The queues of an installation that configures none. */
export const DEFAULT_MODES: Readonly<Record<string, Mode>> = {
  duel: { game: "duel", seats: 2, options: {} },
  "duel-quick": { game: "duel", seats: 2, options: { rounds: 3, roundTicks: 90 } },
};
