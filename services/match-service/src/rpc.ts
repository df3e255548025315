import type { ServiceImpl } from "@connectrpc/connect";
import type { AdvanceEpochRequest, CreateMatchRequest, MatchService } from "@muster/contracts/match/v2";
import { type Database, inTransaction, isDuplicateKey } from "@muster/db";
import { must } from "@muster/errors";
import { currentTrace, formatTraceparent, newTrace } from "@muster/tracing";
import type { Transaction } from "kysely";
import { decodeCursor, encodeCursor } from "./cursors.ts";
import { fail } from "./errors.ts";
import { matchOver } from "./events.ts";
import {
  checkSeats,
  type Ending,
  endingOf,
  judgeAdvance,
  judgeResult,
  type MatchRecord,
  type MatchRow,
} from "./matches.ts";
import { toProto } from "./proto.ts";
import { rated, RATING_INITIAL } from "./ratings.ts";
import type { Tables } from "./schema.ts";
import {
  advanceAll,
  findMatch,
  findMatches,
  findRating,
  findReplay,
  holdAuthorities,
  holdMatch,
  holdRatings,
  insertEvent,
  insertMatch,
  insertReplay,
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

    async advanceEpoch(request) {
      const epoch = await inTransaction(db, async (tx) => {
        const { match } = await hold(tx, request.matchId);
        const verdict = judgeAdvance(match, request);
        if (verdict === "advance") await updateEpoch(tx, match.id, match.epoch + 1, request.shardId);
        else if (verdict !== "advanced") throw fail(verdict, { details: { epoch: match.epoch } });
        return request.expectedEpoch + 1;
      });
      return { epoch };
    },

    async advanceEpochs({ matches }) {
      return { advances: await inTransaction(db, (tx) => advanceEach(tx, matches)) };
    },

    async recordResult(request) {
      const duplicate = await inTransaction(db, async (tx) => {
        const record = await hold(tx, request.matchId);
        const ending = endingOf(request, record.participants.length);
        if (judgeResult(record, request.epoch, ending) === "duplicate") return true;
        await storeOutcome(tx, record, ending, now());
        if (request.inputLog.length > 0) await insertReplay(tx, record.match.id, request.inputLog);
        return false;
      });
      return { duplicate };
    },

    async getMatch({ matchId }) {
      const record = await findMatch(db, matchId);
      if (!record) throw fail("match_not_found");
      return { match: toProto(record) };
    },

    async getMatches({ matchIds }) {
      return { matches: (await findMatches(db, matchIds)).map(toProto) };
    },

    async getReplay({ matchId }) {
      const record = await findMatch(db, matchId);
      if (!record) throw fail("match_not_found");
      const inputLog = await findReplay(db, matchId);
      if (!inputLog) throw fail("replay_not_found");
      return { match: toProto(record), inputLog };
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

/** Each match on its own: one that cannot move stops no other. */
async function advanceEach(
  tx: Transaction<Tables>,
  requests: readonly AdvanceEpochRequest[],
): Promise<{ matchId: string; epoch: number; refused: string }[]> {
  const rows = await holdAuthorities(
    tx,
    requests.map(({ matchId }) => matchId),
  );
  const advancing = new Map<string, string[]>();
  const advances = requests.map((request) => {
    const { matchId, expectedEpoch, shardId } = request;
    const row = rows.get(matchId);
    if (!row) return { matchId, epoch: 0, refused: "match_not_found" };
    const verdict = judgeAdvance(row, request);
    if (verdict !== "advance" && verdict !== "advanced") return { matchId, epoch: row.epoch, refused: verdict };
    if (verdict === "advance") advancing.set(shardId, [...(advancing.get(shardId) ?? []), matchId]);
    return { matchId, epoch: expectedEpoch + 1, refused: "" };
  });
  for (const [shardId, ids] of advancing) await advanceAll(tx, ids, shardId);
  return advances;
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
  // Who plays against a bot plays for nothing.
  if (ending.state === "ended" && participants.every((p) => p.bot === null)) {
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
    options: JSON.stringify(request.options),
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
