import { timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import type { GetRatingsRequest, Leaderboard, RatingService } from "@muster/contracts/rating/v2";
import { type Database, inTransaction } from "@muster/db";
import { must } from "@muster/errors";
import type { Logger } from "@muster/log";
import { decodeBoardPosition, decodePosition, encodeBoardPosition, encodePosition } from "./cursors.ts";
import { deviationOf, displayOf } from "./display.ts";
import { fail } from "./errors.ts";
import { type PlayerState, stateInSeason } from "./fold.ts";
import { excludeMatch, includeMatch, startSeason } from "./operations.ts";
import type { Strength } from "./rate-match.ts";
import type { Tables } from "./schema.ts";
import { type Season, seasonAt } from "./seasons.ts";
import {
  type Board,
  type BoardRow,
  findBoardRow,
  listAbove,
  listBelow,
  type BoardPosition,
  rankOf,
  sizeOf,
} from "./store/boards.ts";
import { findErased } from "./store/erasures.ts";
import { listPoints, listRatingsOfPlayer } from "./store/histories.ts";
import { findHeads, listSeasons, stateOf } from "./store/states.ts";

export interface RpcParts {
  readonly db: Database<Tables>;
  readonly log: Logger;
  readonly now: () => Date;
}

const PAGE_SIZE_DEFAULT = 20;
const EACH_SIDE_DEFAULT = 10;

export function ratingRpc({ db, log, now }: RpcParts): ServiceImpl<typeof RatingService> {
  return {
    async getRatings({ players }) {
      const { season } = seasonAt(await listSeasons(db), now().getTime());
      const states = await currentStates(db, players);
      return {
        ratings: players.map((key) => {
          const state = states.get(textOf(key));
          return toRating(stateInSeason(state, Math.max(season, state?.season ?? 0))); // clocks differ
        }),
      };
    },

    async getPlayerRatings({ playerId, season: wanted }) {
      const { season } = await findSeason(db, wanted, now());
      const rows = await listRatingsOfPlayer(db, playerId.toLowerCase(), season);
      return {
        ratings: rows.map((row) => ({ mode: row.mode, rating: toRating(stateOf(row)), region: row.region })),
        season,
      };
    },

    async listLeaderboard({ leaderboard, pageSize, cursor }) {
      const board = await toBoard(db, leaderboard, now());
      const limit = pageSize || PAGE_SIZE_DEFAULT;
      const from = decodeBoardPosition(board, cursor, () => fail("bad_cursor"));
      // Page and rank are of one moment.
      return inTransaction(
        db,
        async (tx) => {
          const rows = await listBelow(tx, board, from, limit + 1);
          const page = rows.slice(0, limit);
          const [first, last] = [page[0], page.at(-1)];
          const rank = from && first ? await rankOf(tx, board, boardPositionOf(first)) : 1;
          return {
            entries: page.map((row, i) => toEntry(row, rank + i)),
            nextCursor: rows.length > limit && last ? encodeBoardPosition(board, boardPositionOf(last)) : "",
            season: board.season,
            players: await sizeOf(tx, board),
          };
        },
        { repeatable: "list leaderboard" },
      );
    },

    async getLeaderboardAround({ leaderboard, playerId, eachSide }) {
      const board = await toBoard(db, leaderboard, now());
      const limit = eachSide || EACH_SIDE_DEFAULT;
      return inTransaction(
        db,
        async (tx) => {
          const own = await findBoardRow(tx, board, playerId.toLowerCase());
          if (!own) throw fail("not_on_leaderboard");
          const position = boardPositionOf(own);
          const rank = await rankOf(tx, board, position);
          const above = await listAbove(tx, board, position, limit);
          const below = await listBelow(tx, board, position, limit);
          const entries = [...above, own, ...below].map((row, i) => toEntry(row, rank - above.length + i));
          return { entries, rank, season: board.season, players: await sizeOf(tx, board) };
        },
        { repeatable: "rank" },
      );
    },

    async listRatingHistory({ playerId, mode, pageSize, cursor }) {
      const limit = pageSize || PAGE_SIZE_DEFAULT;
      const before = decodePosition(cursor, () => fail("bad_cursor"));
      const player = playerId.toLowerCase();
      const erased = (await findErased(db, [player])).has(player);
      const rows = erased ? [] : await listPoints(db, { playerId: player, mode }, before, limit + 1);
      const last = rows.length > limit ? rows[limit - 1] : undefined;
      return {
        points: rows.slice(0, limit).map((row) => ({
          matchId: row.match_id,
          endedAt: timestampFromDate(row.ended_at),
          season: row.season,
          displayBefore: displayOf({ mu: row.mu_before, sigma: row.sigma_before }),
          rating: toRating(stateOf(row)),
        })),
        nextCursor: last ? encodePosition({ endedAtMs: last.ended_at.getTime(), matchId: last.match_id }) : "",
      };
    },

    async listSeasons() {
      const seasons = await listSeasons(db);
      return {
        seasons: seasons.toReversed().map(({ season, name, startsAtMs }) => ({
          season,
          name,
          startsAt: timestampFromDate(new Date(startsAtMs)),
        })),
        current: seasonAt(seasons, now().getTime()).season,
      };
    },

    async startSeason({ season, name, startsAt }) {
      const startsAtMs = timestampDate(must(startsAt, "validation demands a time")).getTime();
      const started = await startSeason(db, { season, name, startsAtMs });
      if (started) log.info({ season, startsAt: new Date(startsAtMs) }, "a season was announced");
      return { duplicate: !started };
    },

    async excludeMatch({ matchId, reason }) {
      const excluded = await excludeMatch(db, matchId.toLowerCase(), reason, now());
      if (excluded) log.warn({ matchId }, "a match was taken out of the ratings");
      return { duplicate: !excluded };
    },

    async includeMatch({ matchId }) {
      const included = await includeMatch(db, matchId.toLowerCase());
      if (included) log.warn({ matchId }, "a match was put back into the ratings");
      return { duplicate: !included };
    },
  };
}

const textOf = ({ playerId, mode }: { playerId: string; mode: string }): string => `${playerId.toLowerCase()} ${mode}`;

async function currentStates(
  db: Database<Tables>,
  players: GetRatingsRequest["players"],
): Promise<Map<string, PlayerState>> {
  const states = new Map<string, PlayerState>();
  for (const [mode, keys] of Map.groupBy(players, (key) => key.mode)) {
    const heads = await findHeads(
      db,
      mode,
      keys.map(({ playerId }) => playerId.toLowerCase()),
    );
    for (const [playerId, { state }] of heads) states.set(textOf({ playerId, mode }), state);
  }
  return states;
}

/** @throws AppError season_not_found */
async function findSeason(db: Database<Tables>, wanted: number, now: Date): Promise<Season> {
  const seasons = await listSeasons(db);
  const season = wanted === 0 ? seasonAt(seasons, now.getTime()) : seasons.find((one) => one.season === wanted);
  if (!season) throw fail("season_not_found");
  return season;
}

async function toBoard(db: Database<Tables>, leaderboard: Leaderboard | undefined, now: Date): Promise<Board> {
  const { mode, season, region } = must(leaderboard, "validation demands a leaderboard");
  return { mode, season: (await findSeason(db, season, now)).season, region };
}

function boardPositionOf({ display, reached_at, player_id }: BoardRow): BoardPosition {
  return { display, reachedAtMs: reached_at.getTime(), playerId: player_id };
}

function toEntry(row: BoardRow, rank: number) {
  return { rank, playerId: row.player_id, rating: toRating(stateOf(row)), region: row.region };
}

function toRating({ mu, sigma, matches }: Strength & { readonly matches: number }) {
  return { display: displayOf({ mu, sigma }), deviation: deviationOf({ mu, sigma }), mu, sigma, matches };
}
