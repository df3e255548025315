import type { ServiceImpl } from "@connectrpc/connect";
import { matchStates } from "@muster/contracts/match/names";
import {
  type AdvanceEpochRequest,
  type CreateMatchRequest,
  MatchSchema,
  MatchState,
  type MatchService,
} from "@muster/contracts/match/v2";
import { type CursorList, type Database, decodeCursor, encodeCursor, inTransaction, isDuplicateKey } from "@muster/db";
import { must } from "@muster/errors";
import type { Logger } from "@muster/log";
import { countFitting } from "@muster/rpc";
import type { Transaction } from "kysely";
import { fail } from "./errors.ts";
import { renewLeases } from "./leases.ts";
import {
  checkSeats,
  endingOf,
  decideAdvance,
  decideCancel,
  decideResult,
  type MatchRecord,
  type MatchRow,
  OPERATOR_CANCELLED,
} from "./matches.ts";
import { toProto } from "./proto.ts";
import { storeOutcome } from "./outcomes.ts";
import type { Tables } from "./schema.ts";
import {
  advanceAll,
  findMatch,
  findMatches,
  findReplay,
  lockAuthorities,
  lockMatch,
  insertMatch,
  leaseRound,
  listLiveMatches,
  listMatchesIn,
  listPlayerMatches,
  type MatchPage,
} from "./store.ts";

export interface RpcParts {
  readonly db: Database<Tables>;
  readonly log: Logger;
  readonly now: () => Date;
}

const PAGE_SIZE_DEFAULT = 20;
/** For gateways of the release before: rating-service has the ratings. */
const UNRATED = { rating: 1500, matches: 0 };

export function matchRpc({ db, log, now }: RpcParts): ServiceImpl<typeof MatchService> {
  return {
    async createMatch(request) {
      checkSeats(request.seats);
      const row = newMatch(request, now());
      const lease = await newLease(db, request.leased);
      try {
        await inTransaction(db, (tx) => insertMatch(tx, row, request.seats, lease), { repeatable: "create match" });
        const playerIds = request.seats.filter(({ bot }) => bot === "").map(({ playerId }) => playerId);
        log.info({ matchId: row.id, mode: row.mode, shardId: row.shard_id, playerIds }, "match recorded");
      } catch (err) {
        if (!isDuplicateKey(err)) throw err;
        if (!sameMatch(must(await findMatch(db, row.id), "a duplicate exists"), row, request))
          throw fail("match_conflict");
      }
      return { match: toProto(must(await findMatch(db, row.id), "just stored")) };
    },

    async advanceEpoch(request) {
      const lease = await newLease(db, request.leased);
      const epoch = await inTransaction(
        db,
        async (tx) => {
          const { match } = await lock(tx, request.matchId);
          const verdict = decideAdvance(match, request);
          if (verdict === "advance") await advanceAll(tx, [match.id], request.shardId, lease);
          else if (verdict !== "advanced") throw fail(verdict, { details: { epoch: match.epoch } });
          return request.expectedEpoch + 1;
        },
        { repeatable: "advance epoch" },
      );
      return { epoch };
    },

    async advanceEpochs({ matches }) {
      const lease = await newLease(db, true);
      return {
        advances: await inTransaction(db, (tx) => advanceEach(tx, matches, lease), { repeatable: "advance epochs" }),
      };
    },

    async recordResult(request) {
      const ended = await inTransaction(
        db,
        async (tx) => {
          const record = await lock(tx, request.matchId);
          const ending = endingOf(request, record.participants.length);
          if (decideResult(record, request, ending) === "duplicate") return undefined;
          await storeOutcome(tx, record, ending, now(), request.inputLog);
          return { ...ending, shardId: record.match.shard_id };
        },
        { repeatable: "record result" },
      );
      if (!ended) return { duplicate: true };
      const { shardId, state, endReason, cancelReason } = ended;
      log.info({ matchId: request.matchId, shardId, state, reason: endReason ?? cancelReason }, "match over");
      return { duplicate: false };
    },

    async cancelMatch({ matchId }) {
      const cancelled = await inTransaction(
        db,
        async (tx) => {
          const record = await lock(tx, matchId);
          if (decideCancel(record) === "duplicate") return undefined;
          await storeOutcome(tx, record, OPERATOR_CANCELLED, now());
          return record.match;
        },
        { repeatable: "cancel match" },
      );
      if (!cancelled) return { duplicate: true };
      log.warn({ matchId, shardId: cancelled.shard_id, epoch: cancelled.epoch }, "match cancelled by an operator");
      return { duplicate: false };
    },

    async renewLeases({ shardId, matchIds }) {
      return { lost: await renewLeases(db, shardId, matchIds) };
    },

    async getMatch({ matchId }) {
      const record = await findMatch(db, matchId);
      if (!record) throw fail("match_not_found");
      return { match: toProto(record) };
    },

    async getMatches({ matchIds, inSteps }) {
      const all = (await findMatches(db, matchIds)).map(toProto);
      if (!inSteps) return { matches: all }; // a caller of the release before would take the rest for gone
      const matches = all.slice(0, countFitting(MatchSchema, all));
      const leftOut = all[matches.length]?.matchId;
      return { matches, lookedUp: leftOut === undefined ? matchIds.length : matchIds.indexOf(leftOut) };
    },

    async getReplay({ matchId }) {
      const record = await findMatch(db, matchId);
      if (!record) throw fail("match_not_found");
      const inputLog = await findReplay(db, matchId);
      if (!inputLog) throw fail("replay_not_found");
      return { match: toProto(record), inputLog };
    },

    async listPlayerMatches({ playerId, pageSize, cursor }) {
      const after = decodeCursor("matches", cursor, () => fail("bad_cursor"));
      return pageAnswer("matches", await listPlayerMatches(db, playerId, pageSize || PAGE_SIZE_DEFAULT, after));
    },

    async listLiveMatches({ mode, pageSize, cursor }) {
      const after = decodeCursor("live", cursor, () => fail("bad_cursor"));
      const page = pageAnswer("live", await listLiveMatches(db, mode, pageSize || PAGE_SIZE_DEFAULT, after));
      return { ...page, matches: page.matches.filter(({ state }) => state === MatchState.RUNNING) };
    },

    async listMatches({ state, mode, playerId, pageSize, cursor }) {
      const list = playerId === "" ? "adminmatches" : "matches";
      const after = decodeCursor(list, cursor, () => fail("bad_cursor"));
      const limit = pageSize || PAGE_SIZE_DEFAULT;
      if (playerId !== "") return pageAnswer(list, await listPlayerMatches(db, playerId, limit, after));
      const which = { state: matchStates.nameOf(state) ?? "running", mode } as const;
      return pageAnswer(list, await listMatchesIn(db, which, limit, after));
    },

    getRating: async () => UNRATED,
    getRatings: async ({ players }) => ({ ratings: players.map(() => UNRATED) }),
  };
}

function pageAnswer(
  list: CursorList,
  { records, cursorAt, more }: MatchPage,
): { readonly matches: ReturnType<typeof toProto>[]; readonly nextCursor: string } {
  const all = records.map(toProto);
  const matches = all.slice(0, countFitting(MatchSchema, all)); // a match may have 64 seats
  const last = records[matches.length - 1];
  const goesOn = last !== undefined && (more || matches.length < all.length);
  return { matches, nextCursor: goesOn ? encodeCursor(list, cursorAt(last)) : "" };
}

/** Read before the transaction: inside of it the row would stay locked. */
async function newLease(db: Database<Tables>, leased: boolean): Promise<number | null> {
  return leased ? leaseRound(db) : null;
}

/** Each match on its own: one that cannot move stops no other. */
async function advanceEach(
  tx: Transaction<Tables>,
  requests: readonly AdvanceEpochRequest[],
  lease: number | null,
): Promise<{ matchId: string; epoch: number; refused: string }[]> {
  const rows = await lockAuthorities(
    tx,
    requests.map(({ matchId }) => matchId),
  );
  const advancing = new Map<string, { readonly shardId: string; readonly leased: boolean; readonly ids: string[] }>();
  const advances = requests.map((request) => {
    const { matchId, expectedEpoch, shardId, leased } = request;
    const row = rows.get(matchId);
    if (!row) return { matchId, epoch: 0, refused: "match_not_found" };
    const verdict = decideAdvance(row, request);
    if (verdict !== "advance" && verdict !== "advanced") return { matchId, epoch: row.epoch, refused: verdict };
    if (verdict === "advance") {
      const key = `${shardId}/${leased}`;
      const same = advancing.get(key) ?? { shardId, leased, ids: [] };
      same.ids.push(matchId);
      advancing.set(key, same);
    }
    return { matchId, epoch: expectedEpoch + 1, refused: "" };
  });
  for (const { shardId, leased, ids } of advancing.values()) await advanceAll(tx, ids, shardId, leased ? lease : null);
  return advances;
}

async function lock(tx: Transaction<Tables>, matchId: string): Promise<MatchRecord> {
  const record = await lockMatch(tx, matchId);
  if (!record) throw fail("match_not_found");
  return record;
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
