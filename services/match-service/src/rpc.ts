import type { ServiceImpl } from "@connectrpc/connect";
import type { CreateMatchRequest, MatchService } from "@muster/contracts/match/v2";
import { type Database, inTransaction, isDuplicateKey } from "@muster/db";
import { must } from "@muster/errors";
import { currentTrace, formatTraceparent, newTrace } from "@muster/tracing";
import type { Transaction } from "kysely";
import { decodeCursor, encodeCursor } from "./cursors.ts";
import { fail } from "./errors.ts";
import { matchOver } from "./events.ts";
import { checkSeats, type Ending, endingOf, judgeResult, type MatchRecord, type MatchRow } from "./matches.ts";
import { toProto } from "./proto.ts";
import { rated, RATING_INITIAL } from "./ratings.ts";
import type { Tables } from "./schema.ts";
import {
  findMatch,
  findRating,
  holdMatch,
  holdRatings,
  insertEvent,
  insertMatch,
  listPlayerMatches,
  storeEnding,
  storeRating,
  updateEpoch,
} from "./store.ts";

export interface RpcParts {
  readonly db: Database<Tables>;
  readonly now: () => Date;
}

const PAGE_SIZE_DEFAULT = 20;

export function matchRpc({ db, now }: RpcParts): ServiceImpl<typeof MatchService> {
  return {
    async createMatch(request) {
      checkSeats(request.seats);
      const row = newMatch(request, now());
      try {
        await inTransaction(db, (tx) => insertMatch(tx, row, request.seats));
      } catch (err) {
        if (!isDuplicateKey(err)) throw err;
        if (!sameMatch(must(await findMatch(db, row.id), "a duplicate exists"), row, request))
          throw fail("match_conflict");
      }
      return { match: toProto(must(await findMatch(db, row.id), "just stored")) };
    },

    async advanceEpoch({ matchId, expectedEpoch, shardId }) {
      const epoch = await inTransaction(db, async (tx) => {
        const { match } = await hold(tx, matchId);
        if (match.state !== "running") throw fail("match_over");
        // The same shard asking again, after an answer that it never got.
        if (match.epoch === expectedEpoch + 1 && match.shard_id === shardId) return match.epoch;
        if (match.epoch !== expectedEpoch) throw fail("stale_epoch", { details: { epoch: match.epoch } });
        await updateEpoch(tx, matchId, match.epoch + 1, shardId);
        return match.epoch + 1;
      });
      return { epoch };
    },

    async recordResult(request) {
      const duplicate = await inTransaction(db, async (tx) => {
        const record = await hold(tx, request.matchId);
        const ending = endingOf(request, record.participants.length);
        if (judgeResult(record, request.epoch, ending) === "duplicate") return true;
        await storeOutcome(tx, record, ending, now());
        return false;
      });
      return { duplicate };
    },

    async getMatch({ matchId }) {
      const record = await findMatch(db, matchId);
      if (!record) throw fail("match_not_found");
      return { match: toProto(record) };
    },

    async listPlayerMatches({ playerId, pageSize, cursor }) {
      const { records, next } = await listPlayerMatches(
        db,
        playerId,
        pageSize || PAGE_SIZE_DEFAULT,
        decodeCursor(cursor),
      );
      return { matches: records.map(toProto), nextCursor: next ? encodeCursor(next) : "" };
    },

    async getRating({ playerId, mode }) {
      return (await findRating(db, playerId, mode)) ?? { rating: RATING_INITIAL, matches: 0 };
    },
  };
}

async function hold(tx: Transaction<Tables>, matchId: string): Promise<MatchRecord> {
  const record = await holdMatch(tx, matchId);
  if (!record) throw fail("match_not_found");
  return record;
}

/** The rows, the ratings and the event, in the caller's transaction: all of it or none. */
async function storeOutcome(
  tx: Transaction<Tables>,
  record: MatchRecord,
  ending: Ending,
  endedAt: Date,
): Promise<void> {
  const { match, participants } = record;
  await storeEnding(tx, match.id, ending, endedAt);
  if (ending.state === "ended") {
    const held = await holdRatings(
      tx,
      participants.map((p) => p.player_id),
      match.mode,
      RATING_INITIAL,
    );
    const before = participants.map((p, i) => ({
      rating: held.get(p.player_id) ?? RATING_INITIAL,
      rank: must(ending.seats[i], "a rank per seat").rank,
    }));
    const after = rated(before);
    for (const [i, p] of participants.entries())
      await storeRating(tx, p.player_id, match.mode, must(after[i], "a rating per seat"));
  }
  await insertEvent(tx, matchOver(record, ending, endedAt, formatTraceparent(currentTrace() ?? newTrace())));
}

function newMatch(request: CreateMatchRequest, createdAt: Date): MatchRow {
  return {
    id: request.matchId,
    mode: request.mode,
    game_id: request.gameId,
    build_id: request.buildId,
    seed: request.seed,
    epoch: 1,
    shard_id: request.shardId,
    state: "running",
    created_at: createdAt,
    ended_at: null,
    end_reason: null,
    cancel_reason: null,
    ticks: 0,
    state_hash: "",
  };
}

function sameMatch({ match, participants }: MatchRecord, row: MatchRow, request: CreateMatchRequest): boolean {
  const samePlayers = request.seats.every((seat) => participants[seat.seat]?.player_id === seat.playerId);
  return (
    samePlayers &&
    participants.length === request.seats.length &&
    match.mode === row.mode &&
    match.game_id === row.game_id &&
    match.seed === row.seed
  );
}
