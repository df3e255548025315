// The modes that use the games of games.ts, where a studio adds its own.
import type { Game, GameOptions } from "@muster/game-kit";
import * as games from "./games.ts";

export interface Mode {
  readonly game: string;
  /** Players per match. */
  readonly seats: number;
  readonly options: GameOptions;
  /** The team of each seat, by seat, from 0; without it everyone plays alone. Ratings are of teams then. */
  readonly teams?: readonly number[];
  /** Who takes the seats that are still free when a player has waited so long; without it players wait for players. */
  readonly bots?: { readonly bot: string; readonly afterS: number };
  /** It is for trying out, and gives way to the other modes where room is short. Unsaid: where there are bots. */
  readonly practice?: boolean;
}

export function isPractice({ practice, bots }: Mode): boolean {
  return practice ?? bots !== undefined;
}

/** Whether its matches can change ratings: who plays alone, or always against bots, plays for nothing. */
export function isRated({ seats, bots }: Mode): boolean {
  return seats > 1 && bots?.afterS !== 0;
}

const ALL: readonly Game[] = Object.values(games) as unknown as Game[];

/** By game id. */
export const GAMES: ReadonlyMap<string, Game> = new Map(ALL.map((game) => [game.id, game]));

/**
 * Builds that no shard runs any more, but replays still need: a studio keeps a copy of a game's package under another name before it changes
 * the rules. A replay of a build that is not here cannot be verified.
 */
const PAST_BUILDS: readonly Game[] = [];

/** All builds by which a match can be simulated again. */
export const BUILDS: readonly Game[] = [...ALL, ...PAST_BUILDS];

/** The queues of an installation that configures none: one for each game, and what the duel has besides. */
export const DEFAULT_MODES: Readonly<Record<string, Mode>> = {
  ...Object.fromEntries(
    ALL.map(({ id, seatsMin }): [string, Mode] => [id, { game: id, seats: seatsMin, options: {} }]),
  ),
  "duel-practice": { game: "duel", seats: 2, options: {}, bots: { bot: "ace", afterS: 0 } },
  "duel-quick": { game: "duel", seats: 2, options: { rounds: 3, roundTicks: 90 } },
};
